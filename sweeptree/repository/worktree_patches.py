"""What differs between the files of a worktree and its commit, as a patch; and a patch as a commit.

Hides: the copy of the index through which it is made, so that no index, HEAD or file is touched,
and which files cannot be part of a patch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sweeptree.errors import GitError, Refused
from sweeptree.repository import plumbing
from sweeptree.repository.commits import (
    commit_tree,
    copied_index,
    status_path,
    write_tree,
)
from sweeptree.repository.patches import tree_with_patch

MAX_CHANGED = 8 * 1024**2  # bytes of all changed files together
_CACHES = frozenset(
    ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".coverage")
)
_DIFF = ("--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv")


def patch_of_files(top: Path, commit: str, *, limit: int = MAX_CHANGED) -> bytes:
    """What the files of a worktree change in its commit; empty when they change nothing.

    Caches of tools are no part of it, nor are new links that lead out (an environment for tests).

    `limit`: bytes that all changed files together may have. Raises Refused for more, and for what
    no patch can hold.
    """
    paths = _changed(top)
    if not paths:
        return b""
    _check_size(top, paths, limit)
    with copied_index(_own_index(top)) as index:
        tree = write_tree(top, index, paths)
    return plumbing.run(top, "diff-tree", "-p", *_DIFF, commit, tree)


def changed_since(top: Path, old: str, new: str) -> tuple[str, ...]:
    """The files of a commit that are new or other than in an earlier one."""
    words = ("diff-tree", "-r", "--name-only", "-z", "--no-renames", "--diff-filter=AM", old, new)
    return tuple(plumbing.names(plumbing.run(top, *words)))


def commit_of_patch(top: Path, base: str, patch: bytes, message: str) -> str:
    """A commit on `base` that changes what the patch says. Makes no ref. Raises Refused where it
    does not apply."""
    return commit_tree(top, tree_with_patch(top, base, patch), (base,), message)


def _own_index(top: Path) -> Path:
    words = ("rev-parse", "--path-format=absolute", "--git-path", "index")
    return Path(plumbing.text(top, *words))


def _changed(top: Path) -> list[str]:
    words = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
    entries = plumbing.names(plumbing.run(top, *words))
    _refuse_repositories(entries)
    return [status_path(entry) for entry in entries if not _is_left_behind(top, entry)]


def _is_left_behind(top: Path, entry: str) -> bool:
    """Whether it is new and nobody's work: a tool's cache, a link that leads out."""
    path = status_path(entry)
    if entry[0] != "?":
        return False
    if not _CACHES.isdisjoint(Path(path).parts):
        return True
    file = top / path
    return file.is_symlink() and not file.resolve().is_relative_to(top.resolve())


def _refuse_repositories(entries: Iterable[str]) -> None:
    """A nested repository or a submodule is no file that a patch could hold."""
    for entry in entries:
        path = status_path(entry)
        if path.endswith("/") or (entry[0] == "1" and entry.split(" ", 3)[2].startswith("S")):
            raise Refused(f"it changes {path}, which is a git repository of its own")


def _check_size(top: Path, paths: Sequence[str], limit: int) -> None:
    total = sum(_size(top / path) for path in paths)
    if total > limit:
        mib = 1024**2
        raise Refused(f"it changes {total // mib} MiB of files; the limit is {limit // mib} MiB")


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def merge_base(top: Path, one: str, other: str) -> str | None:
    """The commit where two lines of history part; None when they have none in common."""
    answer = plumbing.ask(top, "merge-base", one, other)
    if answer.code > 1:
        raise GitError(answer.error().message)
    return answer.out.decode().split("\n")[0] or None
