"""How files that git does not hold come into a worktree: copied, cloned, hard-linked or linked.

Hides the clone (reflink) of file systems that can share blocks (btrfs, XFS, bcachefs), which costs
neither time nor room, and that small files are always copied.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from sweeptree.worktrees.links import LinksAndCopies
from sweeptree.worktrees.tree import discard, safe_parent

BIG = 1024 * 1024  # bytes from which a file is shared as asked; smaller ones are copied
_FICLONE = 0x40049409  # ioctl of Linux, linux/fs.h
_CANNOT = (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.EPERM, errno.ENOSYS)


class Share(StrEnum):
    """How a big file of `.worktreeinclude` gets into a worktree."""

    REFLINK = "reflink"
    HARDLINK = "hardlink"
    LINK = "link"
    COPY = "copy"


def put_extras(extras: LinksAndCopies, top: Path, share: Share) -> LinksAndCopies:
    """Put everything beside the commit into a new worktree; returns how it was put there."""
    linked = _linked(extras, share)
    copies = [path for path in extras.copies if path not in linked]
    for path in copies:
        place = safe_parent(top, path)
        discard(top, path)
        bring_file(extras.source / path, place, share)
    links = (*extras.links, *linked)
    LinksAndCopies(extras.source, extras.store, links, ()).put(top)
    return LinksAndCopies(extras.source, extras.store, links, tuple(copies))


def _linked(extras: LinksAndCopies, share: Share) -> list[str]:
    if share is not Share.LINK:
        return []
    return [path for path in extras.copies if _is_big(extras.source / path)]


def _is_big(file: Path) -> bool:
    return not file.is_symlink() and file.stat().st_size >= BIG


def bring_file(source: Path, place: Path, share: Share) -> None:
    """Copy one file, or share its bytes where that is asked for and the disk can."""
    if _is_big(source) and share is Share.HARDLINK and _hard_linked(source, place):
        return
    if _is_big(source) and share is Share.REFLINK and cloned(source, place):
        return
    shutil.copy2(source, place, follow_symlinks=False)


def _hard_linked(source: Path, place: Path) -> bool:
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (*_CANNOT, errno.EMLINK):
            raise
        return False
    return True


def cloned(source: Path, place: Path) -> bool:
    """Make a file that shares its blocks with another until one is written; False where the disk
    cannot."""
    with source.open("rb") as reader, place.open("xb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError as error:
            place.unlink()
            if error.errno not in _CANNOT:
                raise
            return False
    shutil.copystat(source, place)
    return True


def clone_tree(source: Path, target: Path, skipped: Iterable[str] = ()) -> None:
    """Copy a folder with all in it, by clones where the disk can; links stay links."""
    left_out = shutil.ignore_patterns(*skipped) if skipped else None
    shutil.copytree(source, target, symlinks=True, ignore=left_out, copy_function=_clone_or_copy)


def _clone_or_copy(source: str, target: str) -> None:
    bring_file(Path(source), Path(target), Share.REFLINK)
