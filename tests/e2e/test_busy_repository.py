"""A sweep while somebody else adds and removes worktrees and lets git tidy up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Cli
from helpers import git
from sweep_kit import records_of, states_of

from sweeptree.model import JobState

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

JOBS = 40


@contextmanager
def stranger(repo: Path) -> Iterator[list[str]]:
    """Foreign work in the repository meanwhile; yields the list of its rounds."""
    over, rounds = threading.Event(), []

    def work() -> None:
        while not over.is_set():
            place = repo.parent / f"foreign {len(rounds)}"
            git("worktree", "add", "--detach", place, cwd=repo, check=False)
            git("gc", "--quiet", "--prune=now", cwd=repo, check=False)
            git("worktree", "remove", "--force", place, cwd=repo, check=False)
            rounds.append(str(place))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield rounds
    finally:
        over.set()
        thread.join()
        for place in repo.parent.glob("foreign *"):  # its removal met a lock
            git("worktree", "remove", "--force", place, cwd=repo)
        git("worktree", "prune", cwd=repo)


def test_no_job_is_lost_beside_foreign_worktrees_and_gc(cli: Cli) -> None:
    commands = [
        f"git status --porcelain; test -f train.py && echo job {n} && sleep 0.1"
        for n in range(JOBS)
    ]
    with stranger(cli.folder) as rounds:
        done = cli.run("busy", "--commands", json.dumps(commands), "--parallel", "8")
    assert rounds
    assert (done.returncode, states_of(cli.paths("busy"))) == (0, [JobState.SUCCEEDED] * JOBS), (
        done.stdout
    )
    assert [cli.paths("busy").log(n).read_text() for n in range(JOBS)] == [
        f"job {n}\n" for n in range(JOBS)
    ]
    assert {len(record.attempts) for record in records_of(cli.paths("busy")).values()} == {1}
    assert len(git("worktree", "list", cwd=cli.folder).splitlines()) == 1
    git("fsck", "--strict", cwd=cli.folder)
