"""The results that a lane has still to tell: on disk first, so that nothing a lane dies of loses
one. A lane that is started again tells what it finds.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError
from sweeptree.hosts.values import Leased, Result
from sweeptree.records import read_json
from sweeptree.system.files import write_json

_NAME = re.compile(r"job_(\d{1,9})\.(\d{1,9})\.json")


class Outbox:
    """One file for each result, below `folder`. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._results = self._standing()

    def put(self, leased: Leased, payload: Mapping[str, Any]) -> None:
        """Keep a result until it is told. Where the disk is full it is kept in memory alone."""
        with contextlib.suppress(OSError):
            write_json(self._path(leased), payload)
        with self._changed:
            self._results[leased] = Result(leased.job, leased.attempt, payload)
            self._changed.notify_all()

    def next(self, seconds: float) -> Result | None:
        """The oldest result that is not told, waited for so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._results), seconds)
            return next(iter(self._results.values()), None)

    def told(self, leased: Leased) -> None:
        """The result has reached those who want it, or nobody wants it any more."""
        with self._changed:
            self._results.pop(leased, None)
        with contextlib.suppress(OSError):
            self._path(leased).unlink()

    def leases(self) -> tuple[Leased, ...]:
        """Whose results are not told yet."""
        with self._changed:
            return tuple(self._results)

    def _path(self, leased: Leased) -> Path:
        return self._folder / f"job_{leased.job}.{leased.attempt}.json"

    def _standing(self) -> dict[Leased, Result]:
        found = {}
        for path in sorted(self._folder.iterdir()):
            match = _NAME.fullmatch(path.name)
            if match is not None:
                leased = Leased(int(match[1]), int(match[2]))
                with contextlib.suppress(RecordError):
                    found[leased] = Result(leased.job, leased.attempt, read_json(path))
        return found
