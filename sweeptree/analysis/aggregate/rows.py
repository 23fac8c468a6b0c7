"""The records of a sweep as rows: a job is never dropped, and what is wrong with it is named.

Hides: records that are torn, huge, legacy or missing, and what the plan knows of a job already.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json, to_jsonable_python

from sweeptree.analysis.document import JobRow
from sweeptree.errors import RecordError
from sweeptree.model import JobRecord, JobState
from sweeptree.plan import config_ids, read_command
from sweeptree.records import (
    MAX_SWEEP_BYTES,
    SweepPaths,
    read_end,
    read_json,
    read_leniently,
    record_indices,
)

LOG_TAIL_BYTES = 2000
_PLANNED_FIELDS = ("cmd", "params", "seed", "config_id")
_NOTHING: tuple[object, ...] = (None, "", {})
_SHOWN_METRICS = 5
_LARGEST = 1e100  # beyond it sums overflow
_MEASURES = (
    *("duration_seconds", "gpu_seconds", "gpu_util_mean"),
    *("gpu_energy_j", "peak_vram_mb", "peak_rss_mb"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One job as a value and as JSON, and what was wrong with its record."""

    job: JobRow
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
    summary = _read_optional(paths.summary, problems)
    return Plan(facts, summary, _planned_jobs(facts), tuple(problems))


def _planned_jobs(facts: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    listed = facts.get("jobs")
    jobs = [job for job in listed if isinstance(job, dict)] if isinstance(listed, list) else []
    return {job["id"]: job for job in jobs if _is_index(job.get("id"))}


def _is_index(value: object) -> bool:
    return isinstance(value, int) and value >= 0


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
    JobRow.model_rebuild()  # here, before several threads make rows at once
    recorded = set(record_indices(paths))
    return {
        index: _read_row(paths, plan, index) if index in recorded else planned_row(plan, index)
        for index in sorted(recorded | set(plan.jobs))
    }


def planned_row(plan: Plan, index: int) -> Row:
    """The row of a job that has no record yet."""
    return _row(JobRow(id=index, state=JobState.PLANNED), plan, "", None)


def make_row(paths: SweepPaths, plan: Plan, record: JobRecord) -> Row:
    """The row of a record that is at hand; only the end of its log is read."""
    job = JobRow.model_validate({**record.__dict__, **(record.model_extra or {})})
    return _row(job, plan, log_tail(paths, job), None)


def _read_row(paths: SweepPaths, plan: Plan, index: int) -> Row:
    job, problem = read_leniently(paths.record(index), index, JobRow)
    return _row(job, plan, log_tail(paths, job), problem)


def log_tail(paths: SweepPaths, record: JobRecord) -> str:
    """The last 2,000 bytes of a job's log; nothing when there is none. No link is followed."""
    tail = read_end(paths.log(record.id), LOG_TAIL_BYTES)
    if tail is None and record.log:
        tail = read_end(paths.root / Path(record.log).name, LOG_TAIL_BYTES)
    return (tail or b"").decode("utf-8", "replace")


def _row(job: JobRow, plan: Plan, tail: str, problem: str | None) -> Row:
    job = _completed(job, plan.jobs.get(job.id, {}))
    update: dict[str, object] = {"log_tail": tail, "state": job.state or _legacy_state(job)}
    update |= _without_lost_measures(job)
    update |= _without_lost_metrics(job)
    completed = job.model_copy(update=update)
    return Row(completed, dumped(completed), problem or _problem(job))


def _problem(job: JobRow) -> str | None:
    """What is wrong with the numbers of a record."""
    lost = [*_without_lost_measures(job), *sorted(_lost_metrics(job))]
    if lost:
        return f"job {job.id}: not finite and left out: {', '.join(lost[:_SHOWN_METRICS])}"
    return None


def _lost_metrics(job: JobRow) -> list[str]:
    return [name for name, value in job.metrics.items() if not math.isfinite(value)]


def _without_lost_metrics(job: JobRow) -> dict[str, object]:
    """The metrics as they should be: those that are not finite have diverged."""
    lost = _lost_metrics(job)
    if not lost:
        return {}
    kept = {name: value for name, value in job.metrics.items() if name not in lost}
    return {"metrics": kept, "diverged": tuple(sorted({*job.diverged, *lost}))}


def _without_lost_measures(job: JobRow) -> dict[str, object]:
    """Nothing in the place of each duration or measure that is not finite."""
    lost = [name for name in _MEASURES if not _is_finite(getattr(job, name))]
    update: dict[str, object] = dict.fromkeys(lost)
    if not _is_finite((job.best or {}).get("value")):
        update["best"] = None
    return update


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or abs(value) <= _LARGEST


def _completed(job: JobRow, planned: Mapping[str, Any]) -> JobRow:
    """The job, with what only the plan knows of it if that is what it should be."""
    missing = [name for name in _PLANNED_FIELDS if getattr(job, name) in _NOTHING]
    update = {name: planned[name] for name in missing if name in planned}
    if update:
        with contextlib.suppress(ValidationError):
            return JobRow.model_validate({**job.__dict__, **update})
    return job


def _legacy_state(record: JobRecord) -> JobState | None:
    """Legacy records have no state: the exit code says it."""
    if record.exit_code is None:
        return None
    return JobState.FAILED if record.exit_code else JobState.SUCCEEDED


def dumped(value: object) -> bytes:
    """JSON as UTF-8; what JSON has no word for (NaN, half a character) becomes null or '?'."""
    try:
        return to_json(value, inf_nan_mode="null")
    except ValueError:
        plain = to_jsonable_python(value, fallback=str)
        text = json.dumps(plain, ensure_ascii=False, default=str)
        return to_json(json.loads(text.encode("utf-8", "replace")), inf_nan_mode="null")


def with_configs(rows: Iterable[Row]) -> list[Row]:
    """The rows; legacy ones, which name no config, get it and the rest read off their commands."""
    result = list(rows)
    bare = [place for place, row in enumerate(result) if row.job.cmd and not row.job.config_id]
    if not bare:
        return result
    readings = [read_command(result[place].job.cmd) for place in bare]
    for place, reading, name in zip(bare, readings, config_ids(readings), strict=True):
        job = result[place].job
        seed = reading.seed if job.seed is None else job.seed
        params = job.params or dict(reading.params)
        named = job.model_copy(update={"config_id": name, "params": params, "seed": seed})
        result[place] = replace(result[place], job=named, text=dumped(named))
    return result


def problems(rows: Sequence[Row], limit: int = 50) -> list[str]:
    """What was wrong with the rows, at most `limit` sentences and a count of the rest."""
    named = [row.problem for row in rows if row.problem]
    more = len(named) - limit
    return [*named[:limit], f"and {more} more records with such faults"] if more > 0 else named
