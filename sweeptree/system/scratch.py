"""Private folders among the machine's temporary files, which a killed command does not leave for
good.

Hides: that each holds a lock as long as its process lives, by which the next one knows the dead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sweeptree.system import locks

_PREFIX = "sweeptree-"
_LOCK = ".in-use"


@contextlib.contextmanager
def scratch_folder(purpose: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder `sweeptree-<purpose>-…`, gone afterwards with all that is in it; `parent`: where
    (None: among the temporary files, where those of killed commands are removed first)."""
    if parent is None:
        remove_dead()
    prefix = f"{_PREFIX}{purpose}-"
    with (
        tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as made,
        _in_use(Path(made)),
    ):
        yield Path(made).resolve()


@contextlib.contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    """Nobody sees the lock before it is held: a free one means that its process is dead."""
    aside = folder / f"{_LOCK}.new"
    with locks.hold(aside, mode=0o600):
        aside.rename(folder / _LOCK)
        yield


def dead_folders() -> list[Path]:
    """The folders of killed commands of this user."""
    found = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    return sorted(folder for folder in found if _is_dead(folder))


def _is_dead(folder: Path) -> bool:
    lock = folder / _LOCK
    try:
        is_ours = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
        return is_ours and lock.is_file() and not locks.is_held(lock)
    except OSError:
        return False


def remove_dead() -> list[Path]:
    """Remove them; which."""
    dead = dead_folders()
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return dead
