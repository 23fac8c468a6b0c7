"""Files as git objects and back, byte for byte.

Hides that `git add` and `git checkout` change bytes (line ends, filters such as LFS) where
attributes or settings ask for it. Here a blob holds what the file held, and a file what the blob
holds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.worktrees.tree import discard, safe_parent

_EXECUTABLE, _PLAIN, _LINK = "100755", "100644", "120000"
_GONE = "0"
_QUOTED = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def hash_files(
    top: Path, paths: Sequence[str], *, write: bool = True, with_filters: bool = False
) -> list[str]:
    """The object of each regular file; written into the repository unless told otherwise."""
    if not paths:
        return []
    options = [*(["-w"] if write else []), *([] if with_filters else ["--no-filters"])]
    data = b"".join(_quoted(path) + b"\n" for path in paths)
    words = (*plumbing.DURABLE, "hash-object", *options, "--stdin-paths")
    return plumbing.run(top, *words, call=plumbing.Call(data)).decode().split()


def _quoted(path: str) -> bytes:
    """A path as git reads it from a line: in quotes where it would be misread."""
    if not any(sign in path for sign in '\n"\t'):
        return os.fsencode(path)
    quoted = "".join(_QUOTED.get(sign, sign) for sign in path)
    return b'"' + os.fsencode(quoted) + b'"'


def tree_with_files(top: Path, head: str | None, paths: Iterable[str], index: Path) -> str:
    """The tree of HEAD with these paths as they are on disk; `index` is a file to work with."""
    env = {"GIT_INDEX_FILE": str(index)}
    empty = _empty_tree(top)  # as long as this repository's hashes are
    start = ["read-tree", head] if head else ["read-tree", "--empty"]
    plumbing.run(top, *start, call=plumbing.Call(env=env))
    data = b"".join(_index_lines(top, list(paths), "0" * len(empty)))
    words = ("update-index", "--add", "--remove", "-z", "--index-info")
    plumbing.run(top, *words, call=plumbing.Call(data, env))
    tree = plumbing.run(top, *plumbing.DURABLE, "write-tree", call=plumbing.Call(env=env))
    return tree.decode().strip()


def _index_lines(top: Path, paths: Sequence[str], nothing: str) -> Iterable[bytes]:
    """What git's index is to hold, deletions first: a file may have become a folder."""
    modes = {path: _mode(top / path) for path in paths}
    files = [path for path in paths if modes[path] in (_PLAIN, _EXECUTABLE)]
    objects = dict(zip(files, hash_files(top, files), strict=True))
    objects |= {path: _hash_link(top, path) for path in paths if modes[path] == _LINK}
    for path in paths:
        yield _line(_GONE, nothing, path)
    for path, found in objects.items():
        yield _line(modes[path], found, path)


def _line(mode: str, found: str, path: str) -> bytes:
    return f"{mode} {found}\t".encode() + os.fsencode(path) + b"\0"


def _mode(file: Path) -> str:
    """The mode that git has for a file; none for what is gone or no file."""
    try:
        seen = file.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _GONE
    if stat.S_ISLNK(seen):
        return _LINK
    if not stat.S_ISREG(seen):
        return _GONE
    return _EXECUTABLE if seen & stat.S_IXUSR else _PLAIN


def _hash_link(top: Path, path: str) -> str:
    target = os.fsencode((top / path).readlink())
    words = (*plumbing.DURABLE, "hash-object", "-w", "--stdin")
    return plumbing.run(top, *words, call=plumbing.Call(target)).decode().strip()


def put_files(top: Path, old: str | None, new: str) -> None:
    """Bring the files that differ between two commits to their state in `new`."""
    words = ("diff-tree", "-r", "-z", "--no-renames", old or _empty_tree(top), new)
    fields = plumbing.names(plumbing.run(top, *words))
    changes = list(zip(fields[::2], fields[1::2], strict=True))
    for facts, path in changes:
        if facts.split(" ")[4].startswith("D"):
            discard(top, path)
    for facts, path in changes:
        _, mode, _, found, _ = facts.removeprefix(":").split(" ")
        if mode in (_PLAIN, _EXECUTABLE, _LINK):
            _put(top, path, mode, found)


def _empty_tree(top: Path) -> str:
    words = ("hash-object", "-t", "tree", "-w", "--stdin")
    return plumbing.run(top, *words).decode().strip()


def _put(top: Path, path: str, mode: str, found: str) -> None:
    data = plumbing.run(top, "cat-file", "blob", found)
    place = safe_parent(top, path)
    discard(top, path)
    if mode == _LINK:
        place.symlink_to(os.fsdecode(data))
        return
    place.write_bytes(data)
    place.chmod(0o755 if mode == _EXECUTABLE else 0o644)
