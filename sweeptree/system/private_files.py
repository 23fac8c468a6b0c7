"""Reads a file that holds a secret: only where nobody else could know it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class NotPrivate(Exception):  # noqa: N818 - says what is the case
    """A file cannot be used as a secret; the text says why, as the end of a sentence."""


def read_private(path: Path, most: int) -> bytes:
    """What stands in a file of ours that nobody else can read, `most` bytes of it.

    Raises OSError where it cannot be opened (also for a link), and NotPrivate.
    """
    file = os.open(path, _OPEN)
    with os.fdopen(file, "rb") as stream:
        _check(os.fstat(file))
        return stream.read(most)


def _check(info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise NotPrivate("is no plain file")
    if info.st_uid != os.geteuid():
        raise NotPrivate(f"belongs to another account (user {info.st_uid})")
    if info.st_mode & 0o077:
        mode = stat.S_IMODE(info.st_mode)
        done = "read" if mode & 0o044 else "written"
        raise NotPrivate(f"can be {done} by other accounts (mode {mode:04o})")
