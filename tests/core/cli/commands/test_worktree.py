"""`sweeptree worktree ...`: what is asked, printed and refused."""

import contextlib
import io
import json
from pathlib import Path
from unittest import mock

import pytest
from helpers import git

from core.cli_records import Ran, Terminal, call
from core.manager_kit import make, modified


@pytest.fixture(autouse=True)
def _own_home(git_env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_HOME", str(git_env / "state"))


def worktree(repo: Path, *words: str, answer: str | None = None) -> Ran:
    stdin = Terminal(answer) if answer is not None else io.StringIO()
    with contextlib.chdir(repo), mock.patch("sys.stdin", stdin):
        return call("worktree", *words)


def test_create_says_where_it_is_and_which_ports_it_has(repo: Path) -> None:
    done = worktree(repo, "create", "plots", "--setup", "echo hi")
    top = repo / ".sweeptree/wt/_named/plots"
    assert done.code == 0 and done.out.startswith(f"made {top} on the branch")
    assert f"cd {top}" in done.err and "export SWEEPTREE_PORT=2" in done.err


def test_create_as_json(repo: Path) -> None:
    made = json.loads(worktree(repo, "create", "w", "--detach", "--no_ports", "--json").out)
    assert (made["name"], made["branch"], made["port"]) == ("w", None, None)


def test_list_shows_each_with_its_state(repo: Path) -> None:
    modified(make(repo))
    done = worktree(repo, "list")
    (line,) = [line for line in done.out.splitlines() if line.strip().startswith("plots")]
    assert "plots" in line.split()[1]
    (main, ours) = json.loads(worktree(repo, "list", "--json").out)["worktrees"]
    assert (main["is_ours"], ours["is_ours"], ours["changed"]) == (False, True, 1)


def test_remove_asks_for_yes_where_nobody_types(repo: Path) -> None:
    top = make(repo)
    done = worktree(repo, "remove", "plots")
    assert (done.code, top.is_dir()) == (3, True)
    assert "plots would be removed" in done.out and "add --yes" in done.err


@pytest.mark.parametrize(("answer", "is_there"), [("n\n", True), ("y\n", False)])
def test_remove_asks_at_a_terminal(repo: Path, answer: str, is_there: bool) -> None:
    top = make(repo)
    assert "remove 1 worktree?" in worktree(repo, "remove", "plots", answer=answer).err
    assert top.is_dir() is is_there


def test_remove_saves_and_restore_brings_back(repo: Path) -> None:
    top = make(repo)
    modified(top)
    done = worktree(repo, "remove", "plots", "--yes")
    assert done.out == "plots was removed after its work was saved as plots: 1 changed file\n"
    assert "saved" in worktree(repo, "list").err
    assert worktree(repo, "restore", "plots").out == f"{top} is back with 1 changed file\n"
    assert (top / "train.py").read_bytes() == b"modified-bytes\r\n"


def test_clean_says_why_each_stays(repo: Path) -> None:
    modified(make(repo))
    make(repo, "idle")
    done = worktree(repo, "clean", "--dry_run", "--older_than", "1h", "--keep", "0")
    assert done.code == 0
    assert "plots stays: it was used less than a minute ago" in done.out
    done = worktree(repo, "clean", "--yes", "--json")
    fates = {each["name"]: each["fate"] for each in json.loads(done.out)["worktrees"]}
    assert fates == {"plots": "kept", "idle": "removed"}


def test_repair_says_that_all_is_well(repo: Path) -> None:
    assert worktree(repo, "repair").out == "nothing was to be repaired\n"
    assert json.loads(worktree(repo, "repair", "--json").out) == {"done": []}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("remove",), "requires an argument"),
        (("remove", "nothing"), "there is no worktree 'nothing'"),
        (("create", "../up"), "cannot name a worktree"),
        (("create", "w", "--detach", "--branch", "b"), "exclude each other"),
        (("clean", "--keep", "-1"), "cannot be less than 0"),
        (("clean", "--max_disk", "much"), "is no amount of memory or disk space"),
        (("restore", "nothing"), "nothing was saved of a worktree 'nothing'"),
    ],
)
def test_what_is_wrong_is_a_usage_error(repo: Path, words: tuple[str, ...], message: str) -> None:
    done = worktree(repo, *words)
    assert done.code == 2 and message in done.err
    assert not (repo / ".sweeptree").exists()


def test_a_foreign_worktree_is_refused(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "--detach", tmp_path / "theirs", cwd=repo)
    done = worktree(repo, "remove", str(tmp_path / "theirs"), "--yes")
    assert done.code == 3 and "was not made by sweeptree" in done.err
    assert (tmp_path / "theirs").is_dir()


def test_outside_a_repository_it_is_a_usage_error(tmp_path: Path) -> None:
    assert worktree(tmp_path, "list").code == 2
