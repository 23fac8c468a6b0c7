"""The records of a sweep as rows: whatever state they are in, a job is never dropped and trouble is
named.

Hides: records that are torn, huge, of another tool or missing, and what the plan knows of a job
already.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from sweeptree.errors import RecordError
from sweeptree.model import JobRecord, JobState
from sweeptree.plan.params import config_ids, read_command
from sweeptree.records import MAX_SWEEP_BYTES, SweepPaths, read_json, read_leniently, record_indices

LOG_TAIL_BYTES = 2000
_PLANNED_FIELDS = {"cmd": str, "params": dict, "seed": int, "config_id": str}


@dataclass(frozen=True, slots=True)
class Row:
    """One job: its record with `log_tail` as plain JSON values, and as JSON."""

    data: Mapping[str, Any]
    text: bytes
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What sweep.json and summary.json say. Every part may be missing."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    jobs: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_plan(paths: SweepPaths) -> Plan:
    """Read sweep.json and summary.json; what cannot be used is named in `problems`."""
    problems: list[str] = []
    facts = _read_optional(paths.sweep, problems)
    jobs: dict[int, Mapping[str, Any]] = {}
    listed = facts.get("jobs")
    for job in listed if isinstance(listed, list) else []:
        index = job.get("id") if isinstance(job, dict) else None
        if isinstance(index, int) and index >= 0:
            jobs[index] = job
    return Plan(facts, _read_optional(paths.summary, problems), jobs, tuple(problems))


def _read_optional(path: Path, problems: list[str]) -> Mapping[str, Any]:
    if not os.path.lexists(path):
        return {}
    try:
        return read_json(path, limit=MAX_SWEEP_BYTES)
    except RecordError as error:
        problems.append(error.message)
        return {}


def read_rows(paths: SweepPaths, plan: Plan) -> dict[int, Row]:
    """A row for every record and for every job that is only planned, in order of their numbers."""
    recorded = set(record_indices(paths))
    return {
        index: _read_row(paths, plan, index) if index in recorded else planned_row(plan, index)
        for index in sorted(recorded | set(plan.jobs))
    }


def planned_row(plan: Plan, index: int) -> Row:
    """The row of a job that has no record yet."""
    return _row(JobRecord(id=index, state=JobState.PLANNED), plan, "", None)


def make_row(paths: SweepPaths, plan: Plan, record: JobRecord) -> Row:
    """The row of a record that is at hand; only the end of its log is read."""
    return _row(record, plan, log_tail(paths, record), None)


def _read_row(paths: SweepPaths, plan: Plan, index: int) -> Row:
    record, problem = read_leniently(paths.record(index), index)
    return _row(record, plan, log_tail(paths, record), problem)


def log_tail(paths: SweepPaths, record: JobRecord) -> str:
    """The last 2,000 bytes of a job's log; nothing when there is none. No link is followed."""
    tail = _tail(paths.log(record.id))
    if tail is None and record.log:
        tail = _tail(paths.root / Path(record.log).name)
    return (tail or b"").decode("utf-8", "replace")


def _tail(path: Path) -> bytes | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return None
        return os.pread(file, LOG_TAIL_BYTES, max(0, status.st_size - LOG_TAIL_BYTES))
    except OSError:
        return None
    finally:
        os.close(file)


def _row(record: JobRecord, plan: Plan, tail: str, problem: str | None) -> Row:
    data = record.model_dump(mode="json")
    job = plan.jobs.get(record.id, {})
    for name, kind in _PLANNED_FIELDS.items():
        if data[name] in (None, "", {}) and isinstance(job.get(name), kind):
            data[name] = job[name]
    data["state"] = data["state"] or _state_of(record)
    data["log_tail"] = tail
    lost = [name for name, value in record.metrics.items() if not math.isfinite(value)]
    if lost:
        data["metrics"] = {
            name: value for name, value in record.metrics.items() if math.isfinite(value)
        }
        problem = (
            problem or f"job {record.id}: not finite and left out: {', '.join(sorted(lost)[:5])}"
        )
    return Row(data, dumped(data), problem)


def _state_of(record: JobRecord) -> JobState | None:
    """The seed's records have no state: the exit code says it."""
    if record.exit_code is None:
        return None
    return JobState.FAILED if record.exit_code else JobState.SUCCEEDED


def dumped(value: object) -> bytes:
    """JSON as UTF-8.

    What JSON has no word for (NaN, infinity, half a character) becomes null or '?'.
    """
    try:
        return to_json(value, inf_nan_mode="null")
    except ValueError:
        clean = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
        return to_json(json.loads(clean), inf_nan_mode="null")


def with_configs(rows: Iterable[Row]) -> list[Row]:
    """The rows; those of other tools, which name no config, get params, seed and config read off
    their commands."""
    result = list(rows)
    bare = [
        index for index, row in enumerate(result) if not row.data["config_id"] and row.data["cmd"]
    ]
    if not bare:
        return result
    readings = [read_command(str(result[index].data["cmd"])) for index in bare]
    for index, reading, name in zip(bare, readings, config_ids(readings), strict=True):
        data = {**result[index].data, "config_id": name}
        data["params"] = data["params"] or reading.params
        data["seed"] = reading.seed if data["seed"] is None else data["seed"]
        result[index] = replace(result[index], data=data, text=dumped(data))
    return result


def problems(rows: Sequence[Row], limit: int = 50) -> list[str]:
    """What was wrong with the rows, at most `limit` sentences and a count of the rest."""
    named = [row.problem for row in rows if row.problem]
    more = [f"and {len(named) - limit} more records with such faults"] if len(named) > limit else []
    return named[:limit] + more
