"""Replacing a file so that a reader sees the old one or the new one, also after a power cut.

Standard library only, and little of it: keepers import this without site-packages.
"""

from __future__ import annotations

import contextlib
import json
import os
from _thread import get_ident  # threading itself would make every later fork of a keeper dearer

# A planted link or pipe must neither lead nor stop us.
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _OPEN
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_json(path: str | os.PathLike[str], value: object, *, durable: bool = True) -> None:
    """Replace a file by the JSON of `value`; as for `write_bytes`, readers see the old or the new.

    What JSON has no form for is written as its `str`.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    write_bytes(path, text.encode() + b"\n", durable=durable)


def write_bytes(path: str | os.PathLike[str], data: bytes, *, durable: bool = True) -> None:
    """Replace a file by `data`: readers see the old file or the new one, also after a power cut.

    Raises OSError (no space, read-only); the old file then stands unchanged and nothing is left
    beside it.
    """
    parent, name = os.path.split(path)
    folder = os.open(parent or ".", _OPEN_FOLDER)
    try:
        replace(folder, name, data, durable=durable)
    finally:
        os.close(folder)


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


def flush(path: str | os.PathLike[str]) -> None:
    """Have a file, or the names in a folder, on disk before this returns. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(file: int, data: bytes, durable: bool) -> None:
    rest = memoryview(data)
    try:
        while rest:  # a nearly full disk writes less than asked, without an error
            rest = rest[os.write(file, rest) :]
        if durable:
            os.fsync(file)
    finally:
        os.close(file)
