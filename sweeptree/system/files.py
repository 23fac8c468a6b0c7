"""Replacing a file so that a reader sees the old one or the new one, also after a power cut.

Standard library only, and little of it: keepers import this without site-packages.
"""

from __future__ import annotations

import contextlib
import os
from _thread import get_ident  # threading itself would make every later fork of a keeper dearer

# a planted link or pipe must neither lead nor stop us
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _OPEN


def replace(folder: int, name: str, data: bytes, *, durable: bool) -> None:
    """Let the file `name` of an open folder hold `data`.

    Raises OSError: the old one is still there, and nothing beside it.
    """
    temp = f".{name}.{os.getpid()}.{get_ident()}.tmp"
    try:
        _write(os.open(temp, _MAKE, 0o644, dir_fd=folder), data, durable)
        os.replace(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temp, dir_fd=folder)
        raise
    if durable:
        os.fsync(folder)


def _write(file: int, data: bytes, durable: bool) -> None:
    rest = memoryview(data)
    try:
        while rest:  # a nearly full disk writes less than asked, without an error
            rest = rest[os.write(file, rest) :]
        if durable:
            os.fsync(file)
    finally:
        os.close(file)
