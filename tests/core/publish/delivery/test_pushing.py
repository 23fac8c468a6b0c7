"""Bringing a remote's branch to our content: no secret leaves, nobody's work is lost."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import TOKEN, clone, commit, tip
from sweeptree.errors import PushError, Refused, UsageError
from sweeptree.publish.delivery import Context, Options, deliver

PLAIN = Options(title="Wider")


def push_by_others(bare: Path, tmp_path: Path, branch: str) -> str:
    other = clone(bare, tmp_path / "other")
    git("checkout", "-q", branch, cwd=other)
    theirs = commit(other, "theirs.md", "theirs\n")
    git("push", "-q", "origin", branch, cwd=other)
    return theirs


def test_a_base_that_is_not_there_is_refused_before_the_push(
    worktree: Path, bare: Path, context: Context
) -> None:
    with pytest.raises(UsageError, match="no branch mian on origin") as refused:
        deliver(worktree, "wider", replace(PLAIN, base="mian"), context)
    assert "--base main" in refused.value.hint[0] and tip(bare, "wider") == ""


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("key.py", f"KEY = '{TOKEN}'\n", r"key\.py:1 holds what looks like a GitHub token"),
        (".github/workflows/ci.yml", "on: push\n", "--allow_workflows"),
    ],
)
def test_an_empty_remote_gets_nothing_unseen(
    worktree: Path, bare: Path, context: Context, path: str, text: str, found: str
) -> None:
    commit(worktree, path, text)
    git("rm", "-q", path, cwd=worktree)
    git("commit", "-q", "-m", "hide it", cwd=worktree)
    git("update-ref", "-d", "refs/heads/main", cwd=bare)
    with pytest.raises(Refused, match=found) as refused:
        deliver(worktree, "wider", PLAIN, context)
    assert "all of the history" in refused.value.hint[-1] and tip(bare, "wider") == ""


@pytest.mark.slow  # three tries to fetch
def test_a_base_that_cannot_be_fetched_hides_nothing(
    worktree: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    theirs = push_by_others(bare, tmp_path, "main")
    tree = git("rev-parse", f"{theirs}^{{tree}}", cwd=bare)
    (bare / "objects" / tree[:2] / tree[2:]).unlink()
    commit(worktree, "key.py", f"KEY = '{TOKEN}'\n")
    with pytest.raises(Refused, match=r"key\.py:1"):
        deliver(worktree, "wider", PLAIN, context)
    assert tip(bare, "wider") == ""


def test_a_base_whose_history_was_rewritten_has_no_secret_any_more(
    repo: Path, worktree: Path, bare: Path, context: Context
) -> None:
    clean = tip(bare, "main")
    commit(worktree, "key.py", f"KEY = '{TOKEN}'\n")
    git("push", "-q", "origin", "work:main", cwd=worktree)  # and taken back by the others:
    git("update-ref", "refs/heads/main", clean, cwd=bare)
    commit(worktree, "key.py", "KEY = ''\n")
    with pytest.raises(Refused, match=r"key\.py:1"):
        deliver(worktree, "wider", PLAIN, context)


def test_a_name_that_holds_a_secret_is_not_pushed(
    worktree: Path, bare: Path, context: Context
) -> None:
    with pytest.raises(Refused, match="the branch name") as refused:
        deliver(worktree, f"try-{TOKEN}", PLAIN, context)
    assert TOKEN not in refused.value.message and git("branch", cwd=bare).split() == ["*", "main"]


def test_our_own_amended_commit_replaces_the_one_before(
    worktree: Path, bare: Path, context: Context
) -> None:
    git("commit", "-q", "-am", "wider", cwd=worktree)
    deliver(worktree, "work", PLAIN, context)
    (worktree / "train.py").write_text("tuned\n")
    git("commit", "-q", "--amend", "-am", "wider and tuned", cwd=worktree)
    done = deliver(worktree, "work", PLAIN, context)
    assert done.state == "pushed"
    assert tip(bare, "work") == git("rev-parse", "HEAD", cwd=worktree)


def test_our_own_rebased_commits_replace_those_before(
    worktree: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    git("commit", "-q", "-am", "wider", cwd=worktree)
    deliver(worktree, "wider", PLAIN, context)
    push_by_others(bare, tmp_path, "main")
    git("pull", "-q", "--rebase", "origin", "main", cwd=worktree)
    assert deliver(worktree, "wider", PLAIN, context).state == "pushed"
    assert tip(bare, "wider") == git("rev-parse", "HEAD", cwd=worktree)


def test_a_commit_that_was_pushed_by_hand_from_here_may_be_amended(
    worktree: Path, bare: Path, context: Context
) -> None:
    git("commit", "-q", "-am", "wider", cwd=worktree)
    git("push", "-q", "origin", "work:wider", cwd=worktree)
    (worktree / "train.py").write_text("tuned\n")
    git("commit", "-q", "--amend", "-am", "wider and tuned", cwd=worktree)
    deliver(worktree, "wider", PLAIN, context)
    assert tip(bare, "wider") == git("rev-parse", "HEAD", cwd=worktree)


def test_commits_of_others_on_top_of_ours_are_left_alone(
    worktree: Path, bare: Path, context: Context, tmp_path: Path
) -> None:
    git("commit", "-q", "-am", "wider", cwd=worktree)
    deliver(worktree, "wider", PLAIN, context)
    theirs = push_by_others(bare, tmp_path, "wider")
    git("fetch", "-q", "origin", cwd=worktree)
    git("commit", "-q", "--amend", "-m", "other words", "--allow-empty", cwd=worktree)
    (worktree / "train.py").write_text("tuned\n")
    with pytest.raises(PushError, match="commits of somebody else"):
        deliver(worktree, "wider", PLAIN, context)
    assert tip(bare, "wider") == theirs


@pytest.mark.parametrize("base", [None, "main"])
def test_an_unchanged_worktree_pushes_nothing(
    repo: Path, bare: Path, context: Context, base: str | None
) -> None:
    git("remote", "set-head", "origin", "--delete", cwd=repo)
    git("update-ref", "-d", "refs/remotes/origin/main", cwd=repo)
    git("checkout", "-q", "-b", "other", cwd=repo)
    git("branch", "-q", "-D", "main", cwd=repo)
    done = deliver(repo, "wider", replace(PLAIN, base=base), context)
    assert (done.state, done.base, tip(bare, "wider")) == ("no-change", "main", "")
