"""What a merge would be, without a checkout; and a base that only goes forward.

Hides: `git merge-tree`, and that a base which somebody has checked out may only move together with
its files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sweeptree.errors import GitError, PushError, Refused
from sweeptree.repository import plumbing
from sweeptree.repository.branches import checkouts
from sweeptree.repository.differences import FileChange, numstat
from sweeptree.repository.repository import Repository
from sweeptree.system import locks

Style = Literal["merge", "squash", "rebase", "ff"]
_PLAIN = ("--no-ext-diff", "--no-textconv")


@dataclass(frozen=True, slots=True)
class Merged:
    """The tree of a merge, or the files in conflict and what git says of them."""

    tree: str | None
    conflicts: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


def try_merge(top: Path, base: str, head: str) -> Merged:
    """Merge two commits in memory. Nobody's files, index or refs are touched. Raises GitError."""
    answer = plumbing.ask(
        top, "merge-tree", "--write-tree", "-z", "--name-only", "--messages", base, head
    )
    if answer.code not in (0, 1):
        raise answer.error()
    first, _, rest = answer.out.partition(b"\0")
    if not answer.code:
        return Merged(first.decode())
    paths, _, messages = rest.partition(b"\0\0")
    conflicts = tuple(dict.fromkeys(plumbing.names(paths)))
    return Merged(None, conflicts, _messages(messages))


def _messages(data: bytes) -> tuple[str, ...]:
    """The sentences in merge-tree's last part: count, paths, kind, text, each ended by NUL."""
    parts = data.split(b"\0")
    found, place = [], 0
    while place < len(parts) and parts[place].isdigit():
        end = place + 1 + int(parts[place])
        if end + 1 >= len(parts):
            break
        if parts[end].startswith(b"CONFLICT"):
            found.append(os.fsdecode(parts[end + 1]).strip())
        place = end + 2
    return tuple(found)


@contextlib.contextmanager
def merge_lock(repo: Repository, base: str) -> Iterator[None]:
    """Be the only one here who merges into a base. Raises Refused where somebody else is."""
    name = f"sweeptree-merge-{hashlib.sha256(base.encode()).hexdigest()[:12]}.lock"
    try:
        lock = locks.hold(repo.common_dir / name, mode=0o666)
    except BlockingIOError:
        raise Refused(
            f"another merge into {base} is running here", hint="wait for it, then try again"
        ) from None
    except OSError as error:
        raise Refused(
            f"{repo.common_dir / name} cannot be locked: {error.strerror}",
            hint="merge in a repository that you may write to",
        ) from error
    with lock:
        yield


@contextlib.contextmanager
def temporary_refs(repo: Repository, prefix: str) -> Iterator[None]:
    """Refs below `prefix` that are made meanwhile are gone afterwards."""
    try:
        yield
    finally:
        words = ("for-each-ref", "--format=delete %(refname)", f"{prefix}/")
        orders = plumbing.text(repo.start, *words)
        if orders:
            call = plumbing.Call(os.fsencode(orders) + b"\n")
            plumbing.run(repo.start, "update-ref", "--stdin", call=call)


def advance(repo: Repository, branch: str, new: str, *, old: str) -> None:
    """Move a local branch from `old` to `new`, with the files of the worktree that is on it, if
    there is one.

    Raises PushError of kind `moved` when it stands elsewhere, Refused when that worktree has
    changes.
    """
    there = checkouts(repo.start).get(branch)
    if there is None:
        _move_branch(repo, branch, new, old)
    else:
        _move_with_files(there, branch, new, old)


def _move_branch(repo: Repository, branch: str, new: str, old: str) -> None:
    words = ("update-ref", "-m", "sweeptree merge", f"refs/heads/{branch}", new, old)
    answer = plumbing.ask(repo.start, *plumbing.DURABLE, *words)
    if answer.code:
        raise PushError(
            f"{branch} moved meanwhile", kind="moved", stderr=answer.err, hint="try again"
        )


def _move_with_files(there: Path, branch: str, new: str, old: str) -> None:
    if plumbing.run(there, "status", "--porcelain", "--untracked-files=no"):
        raise Refused(
            f"{there} is on {branch} and has changes",
            hint=f"git -C {there} status   then commit or stash",
        )
    if plumbing.text(there, "rev-parse", "HEAD") != old:
        raise PushError(f"{branch} moved meanwhile", kind="moved", hint="try again")
    answer = plumbing.ask(there, *plumbing.DURABLE, "merge", "-q", "--ff-only", "--no-verify", new)
    if answer.code:
        raise GitError(
            f"{branch} could not be moved in {there}: {answer.error().message}", stderr=answer.err
        )


def changed_files(top: Path, base: str, head: str) -> tuple[FileChange, ...]:
    """The files that `head` changed since it left `base`."""
    words = ("diff", "--numstat", "-z", "--no-renames", *_PLAIN, f"{base}...{head}")
    found = plumbing.run(top, *words)
    return tuple(numstat(found).values())


def patch(top: Path, base: str, head: str) -> str:
    """What `head` changed since it left `base`, as text.

    The repository's own diff programs are not run.
    """
    words = ("diff", "--no-renames", "--no-color", *_PLAIN, f"{base}...{head}")
    return plumbing.run(top, *words).decode(errors="replace")
