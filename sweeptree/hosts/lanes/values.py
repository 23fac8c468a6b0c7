"""What a lane sends back of one attempt, and what brings it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.values import Offer
from sweeptree.model import JobRecord, Worktree
from sweeptree.sweep.running import JobContext


@dataclass(frozen=True, slots=True)
class Returned:
    """An attempt as its lane tells of it.

    `record` as it stands there, `outcome` as the keeper wrote it; `content`: the commit that holds
    what the job changed (None: nothing), `has_work`: files of the job's stand in its worktree.
    """

    record: JobRecord
    outcome: Mapping[str, Any]
    content: str | None
    has_work: bool

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Returned:
        """From a lane's answer. Raises SweeptreeError when it is none."""
        try:
            left = payload["left"]
            return cls(
                record=JobRecord.model_validate(payload["record"]),
                outcome=dict(payload["outcome"]),
                content=payload["content"],
                has_work=bool(left["has_work"]),
            )
        except (KeyError, TypeError, ValidationError) as error:
            raise SweeptreeError(
                f"a lane's answer cannot be read: {str(error).splitlines()[0]}",
                hint="sweeptree hosts check: do all hosts have this version?",
            ) from error


class Carrier(Protocol):
    """Brings what a job does on one host to this machine."""

    def follow(self, job: JobContext) -> None:
        """Let the log and the metrics of a job grow here as they grow there."""

    def unfollow(self, job: JobContext) -> None:
        """The job's attempt has ended."""

    def bring(self, job: JobContext, attempt: int, returned: Returned) -> tuple[str, ...]:
        """All files of an attempt, complete and checked, and its commit.

        Returns notes for the record. Raises SweeptreeError; nothing is half there then.
        """

    def put_content(self, worktree: Worktree, content: str) -> None:
        """Let a clean worktree hold what the job's held. Raises SweeptreeError."""

    def confirm(self, job: JobContext, attempt: int) -> None:
        """Everything is here: the host may forget it."""


class LeaseCalls(Protocol):
    """What the driver of a sweep asks of the lease server. Each raises SweeptreeError."""

    def offer(self, sweep: str, offers: Sequence[Offer]) -> None:
        """Let jobs be due."""

    def cancel(self, sweep: str, jobs: Sequence[int]) -> None:
        """End jobs."""

    def kill(self, sweep: str) -> None:
        """End all jobs of a sweep at once."""
