"""What a set-up made, brought to the next worktree with the same lock files."""

from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import make, make_all

SETUP = 'mkdir -p .env; echo "$PWD" > .env/home; ln -s "$PWD/.env/home" .env/link; echo r >> {log}'


@pytest.fixture
def locked(repo: Path) -> Path:
    (repo / "uv.lock").write_text("1")
    (repo / ".gitignore").write_text(".env\n")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "lock", cwd=repo)
    return repo


def runs(repo: Path) -> int:
    log = repo.parent / "runs"
    return log.read_text().count("r") if log.exists() else 0


def setup(repo: Path) -> str:
    return SETUP.format(log=f"'{repo.parent}/runs'")


def test_the_second_gets_it_led_to_its_own_place(locked: Path) -> None:
    make(locked, "a", setup=setup(locked))
    made = make_all(locked, "b", setup=setup(locked))
    top = Path(made.path)
    assert (runs(locked), "as made before" in made.setup) == (1, True)
    assert (top / ".env/home").read_text() == f"{top}\n"
    assert (top / ".env/link").readlink() == top / ".env/home"


def test_another_lock_file_or_command_runs_it_again(locked: Path) -> None:
    make(locked, "a", setup=setup(locked))
    make(locked, "b", setup=f"{setup(locked)}; true")
    (locked / "uv.lock").write_text("2")
    git("commit", "-qam", "newer", cwd=locked)
    make(locked, "c", setup=setup(locked))
    assert runs(locked) == 3


def test_without_a_lock_file_it_runs_each_time(repo: Path) -> None:
    for name in ("a", "b"):
        made = make_all(repo, name, setup=f"echo r >> '{repo.parent}/runs'")
    assert runs(repo) == 2
    assert made.notes == ("without a lock file the set-up command runs for each worktree",)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("printf '\\0%s' \"$PWD\" > .env/program", "holds the worktree's path and is no text"),
        ("echo x > new.py", "it changed files that git does not ignore"),
    ],
)
def test_what_would_not_work_elsewhere_is_not_kept(locked: Path, more: str, why: str) -> None:
    made = make_all(locked, "a", setup=f"{setup(locked)}; {more}")
    assert why in made.notes[0]
    make(locked, "b", setup=f"{setup(locked)}; {more}")
    assert runs(locked) == 2


def test_a_copy_is_not_shared_with_the_first(locked: Path) -> None:
    first = make(locked, "a", setup=setup(locked))
    second = make(locked, "b", setup=setup(locked))
    (second / ".env/home").write_text("changed")
    assert (first / ".env/home").read_text() == f"{first}\n"
