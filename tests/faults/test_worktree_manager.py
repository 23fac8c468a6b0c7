"""`worktree create`, `remove` and `restore` killed at every step: nothing lost, nothing left."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from core.manager_kit import everything, looks, make, make_all, unreachable

from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import mend, remove, restore, survey

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "subprocess.Popen")


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run the action in a child that is killed before its n-th step; False when it had fewer."""
    child = os.fork()
    if child == 0:
        _die_at(step)
        try:
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _die_at(step: int) -> None:
    left = [step]

    def count(event: str, _: object) -> None:
        if event in STEPS:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def fresh(repo: Path, template: Path) -> None:
    """The repository as it was when its copy was made."""
    shutil.rmtree(repo)
    shutil.copytree(template, repo, symlinks=True)


def every_step(repo: Path, action: Callable[[], object], check: Callable[[], None]) -> int:
    """Kill the action at each of its steps in turn, and check what is left; returns how many."""
    template = repo.parent / "template"
    shutil.copytree(repo, template, symlinks=True)
    step = 0
    while killed_at(step, action):
        check()
        fresh(repo, template)
        step += 1
    return step


def test_a_removal_killed_anywhere_is_undone_or_ended_by_repair(repo: Path) -> None:
    top = make(repo)
    markers = everything(top)
    before = looks(top)

    def check() -> None:
        mend(find_repository(repo))
        if not top.exists():
            restore(find_repository(repo), "plots")
        assert looks(top) == before
        assert mend(find_repository(repo)) == []
        assert unreachable(repo, markers) == []

    assert every_step(repo, lambda: remove(find_repository(repo), "plots"), check) > 20


def test_a_restore_killed_anywhere_is_ended_by_repair(repo: Path) -> None:
    top = make(repo)
    everything(top)
    before = looks(top)
    remove(find_repository(repo), "plots")

    def check() -> None:
        mend(find_repository(repo))
        if not top.exists():
            restore(find_repository(repo), "plots")
        assert looks(top) == before
        assert mend(find_repository(repo)) == []

    assert every_step(repo, lambda: restore(find_repository(repo), "plots"), check) > 20


def test_a_creation_killed_anywhere_leaves_nothing_after_repair(repo: Path) -> None:
    (repo / ".worktreeinclude").write_text("*.secret\n")
    (repo / "a.secret").write_text("s")

    def check() -> None:
        mend(find_repository(repo))
        rows = [row for row in survey(find_repository(repo)) if row.kind != "main"]
        if not rows:
            make(repo)
        assert mend(find_repository(repo)) == []

    steps = every_step(repo, lambda: make_all(repo, setup="echo made > b.secret"), check)
    assert steps > 10


def test_a_second_removal_goes_on_where_a_killed_one_ended(repo: Path) -> None:
    markers = everything(make(repo))

    def check() -> None:
        found = find_repository(repo)
        if any(row.name == "plots" for row in survey(found)):
            remove(found, "plots")
        assert unreachable(repo, markers) == []

    assert every_step(repo, lambda: remove(find_repository(repo), "plots"), check) > 20
