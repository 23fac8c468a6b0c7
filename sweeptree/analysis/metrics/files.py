"""Bounded reading of files that a job wrote: regular ones alone, no more of them than helps."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_HISTORY_BYTES = 8 * 1024 * 1024
_MAX_WALKED = 20_000
_MAX_DEPTH = 12
_EARLIER_ATTEMPT = "attempt_"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file. `is_whole`: nothing stands before or after them."""

    data: bytes
    is_whole: bool


def tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a regular file; nothing when it is missing, a link or anything
    else."""
    return _read(path, limit, from_end=True).data


def head(path: Path, limit: int) -> Piece:
    """The first `limit` bytes of a regular file, as `tail`."""
    return _read(path, limit, from_end=False)


def ending(path: Path, limit: int) -> Piece:
    """The last `limit` bytes of a regular file, and whether that is all of it."""
    return _read(path, limit, from_end=True)


def open_regular(path: Path) -> int | None:
    """Open a regular file for reading; None when it is missing, a link or anything else."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    return None


def _read(path: Path, limit: int, *, from_end: bool) -> Piece:
    file = open_regular(path)
    if file is None:
        return Piece(b"", True)
    with os.fdopen(file, "rb") as stream:
        size = os.fstat(file).st_size
        if from_end:
            stream.seek(max(0, size - limit))
        return Piece(stream.read(limit), size <= limit)


def files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder in the order of their names, without what earlier attempts left; no
    link is followed. At most some 20,000 are looked at."""
    return itertools.islice(_walked(folder), _MAX_WALKED)


def _walked(folder: Path) -> Iterator[Path]:
    if folder.is_symlink():  # a job's doing, in the place of its own folder
        return
    for root, names, files in os.walk(folder):
        depth = len(Path(root).relative_to(folder).parts)
        names[:] = [] if depth >= _MAX_DEPTH else sorted(filter(_is_current, names))
        yield from (Path(root) / name for name in sorted(files))


def within(paths: Sequence[Path], limit: int) -> int:
    """How many of the files, from the first on, have at most `limit` bytes together; of a file no
    more than MAX_FILE_BYTES count, as no more are read."""
    sizes = (min(_size(path), MAX_FILE_BYTES) for path in paths)
    sums = itertools.accumulate(sizes)
    return sum(1 for _ in itertools.takewhile(lambda total: total <= limit, sums))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _is_current(name: str) -> bool:
    return not name.startswith(_EARLIER_ATTEMPT) and name != ".git"
