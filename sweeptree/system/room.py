"""Whether there is room on the disk for another job.

The same rule refuses a start, lets a sweep wait, and is shown. Hides: how a file system tells its
free space and its free inodes, also for a folder that is only to be made.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
LEAST_INODES = 1000  # a job of ours makes a dozen files beside its own


@dataclass(frozen=True, slots=True)
class Room:
    """Where a sweep's jobs write, and how many MiB must be free before one starts (0: none)."""

    places: tuple[Path, ...]
    least: int

    def lacking(self) -> str | None:
        """What is lacking, in words that end a sentence; None when another job may start."""
        if not self.least:
            return None
        for place in self.places:
            lack = self._lacking_at(place)
            if lack:
                return lack
        return None

    def _lacking_at(self, place: Path) -> str | None:
        there = nearest_existing(place)
        try:
            found = os.statvfs(there)
        except OSError:
            return None  # whoever writes there will say it better
        free = found.f_bavail * found.f_frsize
        if free < self.least * MIB:
            need = f"a job is started with {self.least} MB or more (--min_free)"
            return f"{free // MIB} MB are free at {there}, and {need}"
        counts_files = found.f_files > 0
        if counts_files and found.f_favail < LEAST_INODES:
            need = f"a job is started with {LEAST_INODES} or more"
            return f"{there} has room for {found.f_favail} more files, and {need}"
        return None


def nearest_existing(place: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next(path for path in (place, *place.parents) if path.exists())


def pause_line(lack: str | None) -> str:
    """What a sweep says when it begins to wait for room, and (None) when it goes on."""
    if lack is None:
        return "there is room again: jobs start"
    return f"no job starts until there is room: {lack}"
