"""What came of an attempt on a host, as the lane tells it and the driver reads it.

Files are not in it: log, metrics and artifacts stay in the lane's results folder, and what the job
changed in a quarantine ref of the host's repository, until the driver has fetched them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sweeptree.errors import RecordError
from sweeptree.hosts.lanes.attempt import OneAttempt
from sweeptree.model import JobRecord, JobState, Outcome
from sweeptree.sweep.attempts import LeftBehind
from sweeptree.sweep.results import Halt, SoFar

MOST_BYTES = 900_000  # of the record as JSON; the leases take a payload of a megabyte


@dataclass(frozen=True, slots=True)
class ToldTrouble:
    """A step of ours that failed on the host."""

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an attempt.

    `record` None: it is too long to be told, and stands in the lane's results. `outcome` None: the
    command did not begin, which `trouble` explains. `content`: the commit that holds what the job
    changed and made; None: nothing, or nobody wants it.
    """

    record: JobRecord | None
    outcome: Outcome | None
    content: str | None = None
    left: LeftBehind = field(default_factory=LeftBehind)
    trouble: ToldTrouble | None = None

    @property
    def state(self) -> JobState:
        """How the attempt ended."""
        return JobState.FAILED if self.outcome is None else self.outcome.state


def came_of(record: JobRecord, attempt: OneAttempt) -> Came | None:
    """What an attempt came to; None when its command did not begin because the lane stops."""
    came = attempt.came
    halt = came if isinstance(came, Halt) else None
    so_far = halt.so_far if halt is not None else came
    outcome = so_far.outcome if isinstance(so_far, SoFar) else None
    if outcome is None and halt is None:
        return None
    return Came(
        record=record,
        outcome=outcome,
        content=attempt.content.commit if attempt.content is not None else None,
        left=_left(record, so_far, attempt),
        trouble=_told(halt),
    )


def _left(record: JobRecord, so_far: object, attempt: OneAttempt) -> LeftBehind:
    left_out = attempt.content.left_out if attempt.content is not None else ()
    return LeftBehind(
        artifacts=record.artifacts,
        notes=(*record.notes, *left_out),
        has_work=isinstance(so_far, SoFar) and so_far.left_work,
        alone=record.left_in_worktree,
    )


def _told(halt: Halt | None) -> ToldTrouble | None:
    return None if halt is None else ToldTrouble(halt.trouble.step, halt.trouble.reason)


_FORM: TypeAdapter[Came] = TypeAdapter(Came)


def as_payload(came: Came) -> dict[str, Any]:
    """As the payload of a result."""
    found: dict[str, Any] = _FORM.dump_python(came, mode="json")
    if came.record is None or len(json.dumps(found)) <= MOST_BYTES:
        return found
    return as_payload(replace(came, record=None, left=_in_short(came.left)))


def _in_short(left: LeftBehind) -> LeftBehind:
    return replace(left, artifacts=(), notes=())


def from_payload(payload: Mapping[str, Any]) -> Came:
    """Read such a payload. Raises RecordError for what is none."""
    try:
        return _FORM.validate_python(dict(payload))
    except ValidationError as error:
        first = " ".join(str(error).splitlines()[:3])
        raise RecordError(f"a lane's result cannot be read: {first}") from error
