"""What a name means in a repository: commits, branches, trees, and the commits that sweeptree holds
on to."""

from __future__ import annotations

import os
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.repository import plumbing

DELIVERED = "refs/sweeptree/pr"


def worktree_top(start: Path) -> Path:
    """The root of the worktree that a folder is in. Raises UsageError."""
    hint = "git worktree list shows the worktrees"
    if not start.is_dir():
        raise UsageError(f"{start} is not a folder", hint=hint)
    answer = plumbing.ask(start, "rev-parse", "--path-format=absolute", "--show-toplevel")
    if answer.code or not answer.out.strip():
        raise UsageError(f"{start} is not in a git worktree", hint=hint)
    return Path(os.fsdecode(answer.out).removesuffix("\n"))


def commit_of(top: Path, name: str) -> str | None:
    """The commit that a ref or name leads to, None when there is none."""
    return _object_of(top, f"{name}^{{commit}}")


def tree_id(top: Path, commit: str) -> str:
    """The tree of a commit."""
    return plumbing.text(top, "rev-parse", "--verify", f"{commit}^{{tree}}")


def find_tree_id(top: Path, commit: str) -> str | None:
    """The tree of a commit, None when this repository lacks it."""
    return _object_of(top, f"{commit}^{{tree}}")


def _object_of(top: Path, name: str) -> str | None:
    found = plumbing.ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    return found.out.decode().strip() or None


def contains(top: Path, commit: str, later: str) -> bool:
    """True when `later` is `commit` or came after it.

    False when this repository lacks one of them.
    """
    return not plumbing.ask(top, "merge-base", "--is-ancestor", commit, later).code


def local_branch(top: Path, branch: str) -> str | None:
    """The commit of a local branch, or None."""
    return commit_of(top, f"refs/heads/{branch}")


def current_branch(top: Path) -> str | None:
    """The branch that a worktree is on, None for a detached HEAD."""
    found = plumbing.ask(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    return os.fsdecode(found.out).strip() or None


def last_delivery(top: Path, branch: str) -> str | None:
    """The commit that was last delivered to this branch from this repository."""
    return commit_of(top, f"{DELIVERED}/{branch}")


def remember_delivery(top: Path, branch: str, commit: str) -> None:
    """Keep a commit under refs/sweeptree/pr/, and on a local branch where that only goes forward.

    A branch that a worktree has checked out is not moved: its index and files would no longer match
    it.
    """
    plumbing.run(top, *plumbing.DURABLE, "update-ref", f"{DELIVERED}/{branch}", commit)
    now = local_branch(top, branch)
    if not _may_move(top, branch, now, commit):
        return
    old = now or "0" * len(commit)
    words = ("update-ref", "-m", "sweeptree pr", f"refs/heads/{branch}", commit, old)
    plumbing.ask(top, *plumbing.DURABLE, *words)


def _may_move(top: Path, branch: str, now: str | None, commit: str) -> bool:
    if now == commit or branch in checked_out(top):
        return False
    return now is None or contains(top, now, commit)


def checked_out(top: Path) -> set[str]:
    """The branches that worktrees of this repository are on."""
    return set(checkouts(top))


def checkouts(top: Path) -> dict[str, Path]:
    """The worktree that is on a branch, by the branch's name."""
    listing = plumbing.run(top, "worktree", "list", "--porcelain", "-z")
    found: dict[str, Path] = {}
    place = top
    for line in plumbing.names(listing):
        key, _, value = line.partition(" ")
        if key == "worktree":
            place = Path(value)
        elif key == "branch":
            found.setdefault(value.removeprefix("refs/heads/"), place)
    return found


def check_branch_name(top: Path, branch: str) -> None:
    """Raise UsageError for what cannot be the name of a branch."""
    if branch.startswith("-") or plumbing.ask(top, "check-ref-format", f"refs/heads/{branch}").code:
        raise UsageError(
            f"{branch!r} cannot be the name of a branch",
            hint="use letters, digits, '-', '_' and '/'",
        )
