"""One process at a time has the worktrees of a sweep. Hides the lock file beside them."""

from __future__ import annotations

import os
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.system import locks

LOCK_FILE = ".lock"


def take_lock(folder: Path) -> int:
    """Lock the folder of a sweep's worktrees, made if need be; returns the locked handle.

    Raises Refused when another process has it, or when it cannot be written.
    """
    _refuse_links(folder)
    path = folder / LOCK_FILE
    handle = _open(path)
    if not locks.lock_or_refuse(handle, path):
        os.close(handle)
        raise Refused(
            f"another process uses the worktrees of the sweep {folder.name}",
            hint=(f"sweeptree status {folder.name}", "or choose another --exp_name"),
        )
    if _is_file(handle, path):
        return handle
    os.close(handle)  # the process before us ended, and deleted the file, in between
    return take_lock(folder)


def _refuse_links(folder: Path) -> None:
    for place in (folder, folder.parent, folder.parent.parent):
        if place.is_symlink():
            raise Refused(f"{place} is a link, worktrees would land elsewhere", hint=f"rm {place}")


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise Refused(
            f"{path.parent} cannot be written: {error.strerror}",
            hint="worktrees need a writable repository",
        ) from error


def _is_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
