"""A host's set-up command: once for the same lock files."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.code.commits import send_commit
from sweeptree.hosts.code.set_up import SetUp, set_up
from sweeptree.hosts.remote import Site
from sweeptree.repository import find_repository

MAKE = "mkdir -p .venv/bin; cat uv.lock > .venv/lock; echo run >> ~/runs"


@pytest.fixture
def locked(repo: Path) -> Path:
    (repo / "uv.lock").write_text("one\n")
    (repo / ".gitignore").write_text(".venv/\n__pycache__/\n")
    return repo


def with_setup(site: Site, command: str | None) -> Site:
    return replace(site, host=replace(site.host, setup=command))


def run(repo: Path, site: Site, command: str | None, **options: float) -> SetUp | None:
    git("add", ".", cwd=repo)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=repo)
    site, found = with_setup(site, command), find_repository(repo)
    sent = send_commit(found, git("rev-parse", "HEAD", cwd=repo), site)
    return set_up(found, sent, site, **options)


def runs(site: Site) -> int:
    return len((site.remote.home / "runs").read_text().splitlines())


def test_it_says_what_the_command_made(locked: Path, site: Site) -> None:
    made = run(locked, site, MAKE)
    assert made is not None
    assert made.paths == (".venv",)
    assert Path(made.top, ".venv/lock").read_text() == "one\n"


def test_another_commit_with_the_same_lock_files_uses_it(locked: Path, site: Site) -> None:
    first = run(locked, site, MAKE)
    (locked / "train.py").write_text("changed")
    assert run(locked, site, MAKE) == first
    assert runs(site) == 1


@pytest.mark.parametrize("change", ["lock", "command"])
def test_another_lock_file_or_command_makes_it_anew(locked: Path, site: Site, change: str) -> None:
    first = run(locked, site, MAKE)
    if change == "lock":
        (locked / "uv.lock").write_text("two\n")
    second = run(locked, site, MAKE + "; true" * (change == "command"))
    assert second is not None and second != first
    assert runs(site) == 2


def test_without_a_lock_file_each_commit_has_its_own(repo: Path, site: Site) -> None:
    command = "echo run >> ~/runs"
    assert run(repo, site, command) != run(repo, site, command)


def test_a_command_that_fails_says_its_last_lines(locked: Path, site: Site) -> None:
    with pytest.raises(SweeptreeError, match="set-up command ended with 3") as caught:
        run(locked, site, "echo no such package; exit 3")
    assert caught.value.hint[0] == "no such package"
    with pytest.raises(SweeptreeError):
        run(locked, site, "echo no such package; exit 3")


@pytest.mark.parametrize("command", ["exit 3", "mkdir .venv; pwd > .venv/x.pth"])
def test_a_command_that_fails_is_named_with_where_it_stands_and_what_to_do(
    locked: Path, site: Site, command: str
) -> None:
    with pytest.raises(SweeptreeError) as caught:
        run(locked, site, command)
    named = f" ({command}: [hosts.gpu2] setup in sweeptree.toml)"
    assert caught.value.message.endswith(named)
    mend = "mend it in sweeptree.toml; then sweeptree resume goes on with the sweep"
    assert caught.value.hint[-1] == mend


def test_a_command_without_end_is_ended(locked: Path, site: Site) -> None:
    with pytest.raises(SweeptreeError, match=r"did not end within 0\.2 s"):
        run(locked, site, "sleep 1000 & wait", timeout=0.2)


@pytest.mark.parametrize("name", ["x.pth", "__editable___x_finder.py"])
def test_an_editable_install_is_refused(locked: Path, site: Site, name: str) -> None:
    with pytest.raises(SweeptreeError, match="leads imports into"):
        run(locked, site, f"mkdir .venv; pwd > .venv/{name}")


def test_no_command_makes_nothing(locked: Path, site: Site) -> None:
    assert run(locked, site, None) is None
