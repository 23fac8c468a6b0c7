"""Whether the first jobs of a run have all failed alike: then the others would too."""

from __future__ import annotations

import threading

from sweeptree.analysis.failures import FAILED, likeness
from sweeptree.model import JobRecord


class FirstFailures:
    """Looks at the first `many` jobs that end; 0: at none. Thread-safe.

    One that succeeds, was stopped, or failed in another way settles it: the run goes on.
    """

    def __init__(self, many: int) -> None:
        self._many = many
        self._left = many
        self._first: tuple[str, str] | None = None
        self._guard = threading.Lock()

    @property
    def is_undecided(self) -> bool:
        """Whether the next failure may be the one that is enough."""
        return self._left > 0

    @property
    def goes_on(self) -> bool:
        """Whether it is settled that the run goes on."""
        with self._guard:
            return not self._left and self._first is None

    @property
    def seen(self) -> int:
        """How many jobs have ended while it was undecided."""
        return self._many - self._left

    def add(self, record: JobRecord, log_tail: str) -> bool:
        """One more job has ended, and this is the end of its log. True when that makes enough."""
        with self._guard:
            if not self._left:
                return False
            self._left = self._left - 1 if self._is_like_the_first(record, log_tail) else 0
            return not self._left and self._first is not None

    def _is_like_the_first(self, record: JobRecord, log_tail: str) -> bool:
        if record.state not in FAILED:
            self._first = None
            return False
        cause = likeness(record, log_tail)
        if self._first not in (None, cause):
            self._first = None
            return False
        self._first = cause
        return True
