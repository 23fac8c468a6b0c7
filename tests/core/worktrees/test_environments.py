"""Python environments inside the repository."""

import sys
from pathlib import Path

import pytest
from helpers import git

from sweeptree import worktrees
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees.environments import (
    is_in_environment,
    links_with_environments,
    named_environments,
)


@pytest.fixture
def venv(repo: Path) -> Path:
    """A virtual environment that git ignores."""
    (repo / ".git/info/exclude").write_text(".venv/\n")
    (repo / ".venv/bin").mkdir(parents=True)
    (repo / ".venv/pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    (repo / ".venv/bin/python").symlink_to(sys.executable)
    return repo / ".venv"


def named(repo: Path, command: str, setup: str | None = None) -> list[str]:
    return named_environments(find_repository(repo), [command], setup)


@pytest.mark.parametrize(
    "command",
    [".venv/bin/python train.py", "./.venv/bin/python train.py", "cd x && ../.venv/bin/x"],
)
def test_an_environment_that_is_named_relatively_is_found(venv: Path, command: str) -> None:
    assert named(venv.parent, command) == [".venv"]


def test_it_is_not_linked_where_it_is_not_needed(venv: Path) -> None:
    assert named(venv.parent, f"{venv}/bin/python train.py") == []
    assert named(venv.parent, "python train.py") == []
    setup = "python -m venv .venv && .venv/bin/pip install torch"
    assert named(venv.parent, ".venv/bin/python train.py", setup) == []


@pytest.mark.parametrize("how", [".venv/bin/python", "{venv}/bin/python"])
def test_a_command_may_name_it_either_way(venv: Path, how: str) -> None:
    repo = find_repository(venv.parent)
    base = resolve_base(repo, "HEAD")
    command = f"{how.format(venv=venv)} train.py"
    assert worktrees.inspect(repo, base, [command]).lines == ()
    assert is_in_environment(venv.parent, ".venv/lib/x.py")
    assert not is_in_environment(venv.parent, "train.py")


def test_the_worktree_has_the_environment_and_it_is_nobodys_work(venv: Path) -> None:
    repo = find_repository(venv.parent)
    base = resolve_base(repo, "HEAD")
    links = links_with_environments(repo, base, None, [".venv"])
    with worktrees.Pool(repo, base, "e", size=1, links=links) as pool:
        place = pool.acquire(0)
        python = place.path / ".venv/bin/python"
        assert python.resolve() == Path(sys.executable).resolve()
        found = worktrees.changes(place)
        assert (found.tracked, found.made) == ((), ())
    assert venv.is_dir() and git("status", "--porcelain", cwd=repo.top) == ""
