"""How git is run: locks of others are waited for, never deleted; nothing secret is repeated."""

import os
import threading
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import GitError, Refused
from sweeptree.repository import plumbing


def test_lock_of_a_living_git_is_waited_for(repo: Path) -> None:
    lock = repo / ".git/refs/heads/new.lock"
    lock.touch()
    timer = threading.Timer(0.1, lock.unlink)
    timer.start()
    plumbing.run(repo, "branch", "new")
    timer.join()
    assert git("branch", "--list", "new", cwd=repo)


def test_stale_lock_is_named_with_its_age_and_left_there(repo: Path) -> None:
    lock = repo / ".git/index.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    with pytest.raises(GitError, match=r"index\.lock, \d{9,} s old") as caught:
        plumbing.run(repo, "reset", "--hard", call=plumbing.Call(patience=0.1))
    assert lock.exists()
    assert f"rm {lock}" in caught.value.hint[1]


def test_config_lock_is_a_lock_too(repo: Path) -> None:
    (repo / ".git/config.lock").touch()
    with pytest.raises(GitError, match=r"holds .*config\.lock"):
        plumbing.run(repo, "config", "a.b", "c", call=plumbing.Call(patience=0.1))


def test_error_has_gits_own_words(repo: Path) -> None:
    with pytest.raises(GitError, match="`git show nope` failed: fatal: ambiguous argument"):
        plumbing.run(repo, "show", "nope")


def test_credentials_are_not_repeated(repo: Path) -> None:
    answer = plumbing.ask(repo, "fetch", "https://user:ghp_canary@127.0.0.1:1/x")
    assert answer.code
    assert "ghp_canary" not in answer.err
    assert "ghp_canary" not in str(answer.error())


def test_worktrees_lock_excludes_threads(repo: Path) -> None:
    inside, order = threading.Event(), list[str]()

    def second() -> None:
        inside.wait(10)
        with plumbing.worktrees_lock(repo / ".git"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with plumbing.worktrees_lock(repo / ".git"):
        inside.set()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_repository_without_write_permission_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(Refused, match="cannot be written"),
        plumbing.worktrees_lock(tmp_path / "missing"),
    ):
        pass


@pytest.mark.parametrize("file", ["locked", "gitdir", "HEAD", "commondir"])
def test_a_worktree_that_others_prune_while_git_makes_it_is_made_again(file: str) -> None:
    place = f".git/worktrees/slot_7/{file}"
    complaint = f"fatal: could not open '{place}' for writing: No such file or directory"
    tries = []

    def step() -> None:
        tries.append(file)
        if len(tries) == 1:
            raise GitError("failed", stderr=complaint)

    plumbing.persist(step)
    assert len(tries) == 2


@pytest.mark.parametrize(("name", "passes"), [("GIT_LFS_SKIP_SMUDGE", True), ("GIT_DIR", False)])
def test_what_leads_git_elsewhere_does_not_pass_what_tunes_it_does(
    monkeypatch: pytest.MonkeyPatch, name: str, passes: bool
) -> None:
    monkeypatch.setenv(name, "1")
    assert (name in plumbing.environment()) is passes


@pytest.fixture
def unnamed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose git was told of no committer."""
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    return repo


def test_git_never_asks_for_the_machines_name(unnamed: Path) -> None:
    ident = plumbing.text(unnamed, "var", "GIT_COMMITTER_IDENT")
    assert "<sweeptree@localhost>" in ident


def test_a_committer_that_git_was_told_of_stays(unnamed: Path) -> None:
    git("config", "user.email", "ada@lab.example", cwd=unnamed)
    ident = plumbing.text(unnamed, "var", "GIT_COMMITTER_IDENT")
    assert "<ada@lab.example>" in ident
