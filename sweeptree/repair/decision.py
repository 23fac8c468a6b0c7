"""What the CI Fixer found and did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sweeptree.publish.delivery import Delivered
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.ladder import Attempt, chosen


class FixState(StrEnum):
    """What a repair comes to.

    `partly-fixed`: the real failures are, others remain that no patch can fix; `needs-person`: a
    patch passes, and the tests tell too little to call that fixed; `unfinished`: the
    tests did not come to an end; `undelivered`: there is a patch, and no pull request could be
    made.
    """

    NOTHING_TO_FIX = "nothing-to-fix"
    FIXED = "fixed"
    PARTLY_FIXED = "partly-fixed"
    NEEDS_PERSON = "needs-person"
    NOT_FIXED = "not-fixed"
    UNFINISHED = "unfinished"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class FixDecision:
    """One run of the CI Fixer. `folder`: where its files are; `reason`: one sentence."""

    state: FixState
    reason: str
    subject: str
    commit: str
    report: FailureReport
    attempts: tuple[Attempt, ...] = ()
    delivered: Delivered | None = None
    warnings: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def chosen(self) -> Attempt | None:
        """The attempt whose patch is handed over."""
        return chosen(self.attempts)
