"""The bounds that hold for a sweep as a whole: kept worktrees of failed jobs, and branches."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sweeptree.model import JobRecord
from sweeptree.sweep.branches import has_own_branch

KEPT_FAILED = 8


class Budgets:
    """Thread-safe counts against these bounds."""

    def __init__(self, max_branches: int) -> None:
        self._max_branches = max_branches
        self._guard = threading.Lock()
        self._kept_failed = 0
        self._with_branch: set[int] = set()

    def may_keep_failed(self) -> bool:
        """Whether one more failed job's worktree is kept (each costs disk)."""
        with self._guard:
            self._kept_failed += 1
            return self._kept_failed <= KEPT_FAILED

    def count_branches(self, records: Iterable[JobRecord]) -> None:
        """Count the branches of earlier runs too."""
        found = {record.id for record in records if has_own_branch(record)}
        with self._guard:
            self._with_branch |= found

    def may_branch(self, index: int) -> bool:
        """Whether a job may have a branch: it has one, or there are fewer than `--max_prs`."""
        with self._guard:
            if len(self._with_branch | {index}) <= self._max_branches:
                self._with_branch.add(index)
            return index in self._with_branch
