"""What the driver's side of a sweep over hosts needs of those who know how it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sweeptree.hosts.lanes.came import Came
from sweeptree.hosts.values import Event, Offer, Order
from sweeptree.model import JobRecord, Worktree
from sweeptree.model.record import RemoteArtifact
from sweeptree.sweep.running import JobContext


@dataclass(frozen=True, slots=True)
class Brought:
    """What of an attempt is here now: its record as the lane wrote it; `kept`: the files that were
    left on the host; `notes` for the record."""

    record: JobRecord
    kept: tuple[RemoteArtifact, ...] = ()
    notes: tuple[str, ...] = ()


class Carrier(Protocol):
    """Brings what a job does on one host to this machine. Raises SweeptreeError, OSError."""

    def follow(self, job: JobContext) -> None:
        """Let the log and the metrics of a job grow here as they grow there."""

    def unfollow(self, job: JobContext) -> None:
        """The job's attempt has ended."""

    def bring(self, job: JobContext, attempt: int, came: Came) -> Brought:
        """All files of an attempt, complete and checked, and its commit; else nothing of it."""

    def put_content(self, worktree: Worktree, content: str) -> None:
        """Let a clean worktree hold what the job's held."""

    def drop_content(self, job: JobContext, attempt: int) -> None:
        """A worktree here holds it, and the record says so: the commit is not needed any more."""


class LeaseCalls(Protocol):
    """What the driver of a sweep asks of the lease server. Each raises SweeptreeError."""

    def offer(self, offers: Sequence[Offer]) -> None:
        """Let jobs be due."""

    def cancel(self, jobs: Sequence[int]) -> None:
        """End jobs."""

    def order(self, order: Order) -> None:
        """Tell all lanes what to do."""

    def collect(self, after: int, wait: float) -> Sequence[Event]:
        """The events after the one numbered `after`; waits so many seconds for one."""
