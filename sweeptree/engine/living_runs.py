"""Which flow runs of sweeps lost their process: each process holds a lock that is named after its
run.

Hides where these locks stand, and that a lock ends with its process whatever ends it. Needs no
Prefect.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from uuid import UUID

from sweeptree.system import locks


def note_run(home: Path, run_id: str) -> None:
    """Let this process be known as the one of a flow run, until it ends; trouble costs only that
    its death would not be noticed."""
    with contextlib.suppress(OSError):
        folder = _folder(home)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = folder / str(UUID(run_id))
        unseen = folder / f".{note.name}"
        locks.take(unseen, mode=0o600)  # never closed: our end does that
        unseen.rename(note)  # it is seen locked, and so not as that of a dead process


def dead_runs(home: Path) -> list[str]:
    """The noted runs whose process has ended, in good order or not."""
    return [path.name for path in _notes(home) if not locks.is_held(path)]


def forget_runs(home: Path, runs: list[str]) -> None:
    """These have been looked after."""
    for run in runs:
        with contextlib.suppress(OSError):
            (_folder(home) / run).unlink()


def _notes(home: Path) -> list[Path]:
    try:
        return sorted(_folder(home).glob("[!.]*"))
    except OSError:
        return []


def _folder(home: Path) -> Path:
    return home / "runs"
