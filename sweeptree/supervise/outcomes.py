"""The outcome of an attempt as a driver reads it: what its keeper wrote, or that it wrote nothing.

Hides: fields that an older keeper did not write yet.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError
from sweeptree.model import Cause, JobState, Outcome
from sweeptree.records import read_json
from sweeptree.system.clock import utc_now
from sweeptree.system.lacks import lacks_handles

_FIELDS = frozenset(field.name for field in dataclasses.fields(Outcome))


def lost_outcome() -> Outcome:
    """The outcome of an attempt whose keeper died without leaving one."""
    return Outcome(
        state=JobState.LOST,
        exit_code=None,
        signal=None,
        reason="its keeper was killed before the job ended",
        start_time=None,
        end_time=utc_now(),
        duration_seconds=0.0,
        peak_rss_mb=None,
    )


def read_outcome(path: Path) -> Outcome | None:
    """The outcome that a keeper wrote; None when there is none, or it cannot be read as one.

    Raises OSError where a lack of file handles leaves that unknown.
    """
    try:
        return _as_outcome(read_json(path))
    except RecordError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and lacks_handles(cause):
            raise cause from None
        return None
    except (KeyError, ValueError, TypeError):
        return None


def _as_outcome(value: dict[str, Any]) -> Outcome:
    fields = {name: value[name] for name in value.keys() & _FIELDS}
    cause = fields.get("cause")  # an older keeper says nothing of it
    fields["cause"] = Cause(cause) if cause else None
    fields["state"] = JobState(fields["state"])
    fields["gpus"] = tuple(fields["gpus"])
    return Outcome(**fields)
