"""What a name stands for in a repository: branches, trees, and the commits that sweeptree holds on
to."""

from __future__ import annotations

import os
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.repository import plumbing

HELD = "refs/sweeptree/pr"


def worktree_top(start: Path) -> Path:
    """The root of the worktree that a folder is in. Raises UsageError."""
    if not start.is_dir():
        raise UsageError(f"{start} is not a folder", hint="git worktree list shows the worktrees")
    answer = plumbing.ask(start, "rev-parse", "--path-format=absolute", "--show-toplevel")
    if answer.code or not answer.out.strip():
        raise UsageError(
            f"{start} is not in a git worktree", hint="git worktree list shows the worktrees"
        )
    return Path(os.fsdecode(answer.out).removesuffix("\n"))


def tree_of(top: Path, commit: str) -> str:
    """The tree of a commit."""
    return plumbing.text(top, "rev-parse", "--verify", f"{commit}^{{tree}}")


def find_tree(top: Path, commit: str) -> str | None:
    """The tree of a commit, None when this repository lacks it."""
    found = plumbing.ask(top, "rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    return found.out.decode().strip() or None


def contains(top: Path, commit: str, later: str) -> bool:
    """True when `later` is `commit` or came after it.

    False when this repository lacks one of them.
    """
    return not plumbing.ask(top, "merge-base", "--is-ancestor", commit, later).code


def held(top: Path, branch: str) -> str | None:
    """The commit that was last delivered to this branch from this repository."""
    found = plumbing.ask(top, "rev-parse", "--verify", "--quiet", f"{HELD}/{branch}^{{commit}}")
    return found.out.decode().strip() or None


def hold(top: Path, branch: str, commit: str) -> None:
    """Keep a commit under refs/sweeptree/pr/, and on a local branch where that only goes forward.

    A branch that a worktree has checked out is not moved: its index and files would no longer match
    it.
    """
    plumbing.run(top, *plumbing.DURABLE, "update-ref", f"{HELD}/{branch}", commit)
    ref = f"refs/heads/{branch}"
    now = plumbing.ask(top, "rev-parse", "--verify", "--quiet", ref).out.decode().strip()
    if now == commit or branch in checked_out(top) or (now and not contains(top, now, commit)):
        return
    old = now or "0" * len(commit)
    plumbing.ask(top, *plumbing.DURABLE, "update-ref", "-m", "sweeptree pr", ref, commit, old)


def checked_out(top: Path) -> set[str]:
    """The branches that worktrees of this repository are on."""
    found = plumbing.run(top, "worktree", "list", "--porcelain", "-z")
    return {
        line.removeprefix("branch refs/heads/")
        for line in plumbing.names(found)
        if line.startswith("branch ")
    }


def check_branch_name(top: Path, branch: str) -> None:
    """Raise UsageError for what cannot be the name of a branch."""
    if branch.startswith("-") or plumbing.ask(top, "check-ref-format", f"refs/heads/{branch}").code:
        raise UsageError(
            f"{branch!r} cannot be the name of a branch",
            hint="use letters, digits, '-', '_' and '/'",
        )


def local_branch(top: Path, branch: str) -> str | None:
    """The commit of a local branch, or None."""
    found = plumbing.ask(top, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
    return found.out.decode().strip() or None
