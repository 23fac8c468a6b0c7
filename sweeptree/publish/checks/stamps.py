"""Which of a commit's files a run writes to, even if it puts back what stood there."""

from __future__ import annotations

from pathlib import Path

from sweeptree.publish.checks.running import TestPlace
from sweeptree.repository import patches

Stamp = tuple[int, int, int]


def stamps_of(place: TestPlace) -> dict[str, Stamp]:
    """A stamp of each file of the commit, by its path; none in a folder that is no commit's."""
    files = patches.list_files(place.top, place.commit) if place.commit else ()
    return {path: _stamp(place.top / path) for path in files}


def written_since(place: TestPlace, before: dict[str, Stamp]) -> tuple[str, ...]:
    """The files that were written, made or removed since these stamps."""
    return tuple(path for path, stamp in before.items() if stamp != _stamp(place.top / path))


def _stamp(file: Path) -> Stamp:
    try:
        status = file.lstat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_size, status.st_ctime_ns)
