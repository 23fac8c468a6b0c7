"""What is delivered: a worktree's content, or a commit."""

from pathlib import Path

from helpers import git

from core.publish.kit import TOKEN
from sweeptree.publish.delivery import Options
from sweeptree.publish.delivery.source import Source, commit_source, worktree_source
from sweeptree.repository.guards import Limits
from sweeptree.worktrees import read_contents


def source(worktree: Path, **options: str) -> Source:
    contents = read_contents(worktree, Limits())
    return worktree_source(contents, "wider", Options(**options), ("in-use-token",))


def test_the_commit_holds_the_content(worktree: Path) -> None:
    made = source(worktree).commit(None)
    assert git("show", f"{made}:ecg/model.py", cwd=worktree) == "WIDTH = 16"
    assert git("rev-parse", f"{made}^", cwd=worktree) == git("rev-parse", "HEAD", cwd=worktree)


def test_secrets_are_taken_out_of_the_message(worktree: Path) -> None:
    made = source(worktree, title=f"Use {TOKEN}", note="and in-use-token").commit(None)
    assert git("log", "-1", "--format=%B", made, cwd=worktree).split() == [
        "Use",
        "[secret]",
        "and",
        "[secret]",
    ]


def test_the_summary_counts_files(worktree: Path) -> None:
    assert source(worktree).summary.startswith("commit 1 file on ")
    git("commit", "-q", "-am", "wider", cwd=worktree)
    assert source(worktree).summary.endswith("as wider: nothing is uncommitted")


def test_a_commit_is_taken_as_it_is(repo: Path) -> None:
    found = commit_source(repo, "c" * 40, "wider", Options())
    assert (found.commit("d" * 40), found.title) == ("c" * 40, "wider")
