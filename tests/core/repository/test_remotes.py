"""Pushing as compare-and-swap, with a remote that is a folder."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import PushError
from sweeptree.repository import remotes
from sweeptree.repository.remotes import Remote


@pytest.fixture
def remote(repo: Path, tmp_path: Path) -> Remote:
    git("clone", "-q", "--bare", repo, tmp_path / "far.git", cwd=tmp_path)
    git("remote", "add", "origin", tmp_path / "far.git", cwd=repo)
    return Remote("origin", str(tmp_path / "far.git"))


def commit(repo: Path) -> str:
    git("commit", "-q", "--allow-empty", "-m", "next", cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo)


def test_push_makes_a_branch_and_moves_it(repo: Path, remote: Remote) -> None:
    first, second = git("rev-parse", "HEAD", cwd=repo), commit(repo)
    remotes.push(repo, remote, first, "work", expected=None)
    remotes.push(repo, remote, second, "work", expected=first)
    tips = remotes.tips(repo, remote, ["work", "gone"])
    assert (tips.branches, tips.default) == ({"work": second}, "main")


def test_push_spares_what_somebody_else_pushed(repo: Path, remote: Remote) -> None:
    first, second = git("rev-parse", "HEAD", cwd=repo), commit(repo)
    remotes.push(repo, remote, second, "work", expected=None)
    with pytest.raises(PushError) as caught:
        remotes.push(repo, remote, first, "work", expected=None)
    assert caught.value.kind == "moved"


def test_push_forward_takes_no_step_back(repo: Path, remote: Remote) -> None:
    first, second = git("rev-parse", "HEAD", cwd=repo), commit(repo)
    remotes.push_forward(repo, remote, second, "main")
    with pytest.raises(PushError) as caught:
        remotes.push_forward(
            repo, remote, git("commit-tree", "-m", "x", f"{first}^{{tree}}", cwd=repo), "main"
        )
    assert caught.value.kind == "moved"


def test_a_missing_remote_says_so(repo: Path) -> None:
    with pytest.raises(PushError) as caught:
        remotes.tips(repo, Remote("far", "/nowhere/at/all"), [])
    assert caught.value.kind == "missing"
    assert remotes.push_url(repo, "far") is None


def test_fetch_writes_only_refs_of_ours(repo: Path, remote: Remote) -> None:
    remotes.fetch(repo, remote, {"refs/heads/main": "refs/sweeptree/far/main"})
    assert git("for-each-ref", "--format=%(refname)", "refs/remotes", cwd=repo) == ""
    assert git("rev-parse", "refs/sweeptree/far/main", cwd=repo) == git(
        "rev-parse", "HEAD", cwd=repo
    )
