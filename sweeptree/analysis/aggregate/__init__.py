"""results/<sweep>/ → aggregated.json, aggregated.csv, groups.csv. Reads records only, so it also
serves a half-finished sweep, after a crash, on another machine, and folders that the seed's own
tools wrote.

    aggregate(paths)     everything anew from the records; writes the three files, returns the document
    Incremental(paths)   the same for a sweep that runs: rewritten after every job, at a bounded cost
    to_frame(paths)      one row per job, as a DataFrame
    load_pandas_soon()   beside the last jobs, so that the sweep's end does not wait for it
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sweeptree import __version__
from sweeptree.analysis.aggregate import tables
from sweeptree.analysis.aggregate.groups import Ranking, rank
from sweeptree.analysis.aggregate.rows import (
    Plan,
    Row,
    dumped,
    make_row,
    problems,
    read_plan,
    read_rows,
    with_configs,
)
from sweeptree.analysis.aggregate.tables import load_pandas_soon
from sweeptree.errors import SweeptreeError
from sweeptree.model import SCHEMA_VERSION, JobRecord
from sweeptree.records import SweepPaths
from sweeptree.system.clock import parse_time
from sweeptree.system.files import write_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Incremental", "aggregate", "load_pandas_soon", "to_frame"]
_REST_PER_COST = 20.0


def aggregate(paths: SweepPaths, *, mix_data: bool = False) -> dict[str, Any]:
    """Make the aggregates anew from the records; returns what aggregated.json holds.

    Records that cannot be used are kept as rows and named in `warnings`. `mix_data`: rank also jobs
    that ran on different data (so does `mix_data` in the sweep's spec). Raises SweeptreeError when
    the files cannot be written.
    """
    plan = read_plan(paths)
    rows = with_configs(read_rows(paths, plan).values())
    try:
        document = _write(paths, plan, rows, durable=True, mix_data=mix_data)
    except OSError as error:
        raise _not_written(paths, error) from error
    return {**document, "jobs": [dict(row.data) for row in rows]}


def to_frame(paths: SweepPaths) -> pd.DataFrame:
    """The jobs of a sweep for a notebook: the columns of aggregated.csv, numbers as numbers."""
    return tables.jobs_table(
        [row.data for row in with_configs(read_rows(paths, read_plan(paths)).values())]
    ).frame()


def _not_written(paths: SweepPaths, error: OSError) -> SweeptreeError:
    return SweeptreeError(
        f"the aggregates of {paths.root.name} cannot be written: {error.strerror}; the records are complete",
        hint=f"make room, then: sweeptree aggregate --exp_dir {paths.root}",
    )


def _write(
    paths: SweepPaths,
    plan: Plan,
    rows: Sequence[Row],
    *,
    durable: bool,
    mix_data: bool = False,
    is_interim: bool = False,
) -> dict[str, Any]:
    """Write the three files.

    Returns the document with an empty list of jobs. `is_interim`: without pandas.
    """
    jobs = [row.data for row in rows]
    standing = rank(jobs, _metric(plan), mix_data=mix_data or _spec(plan).get("mix_data") is True)
    document = _document(paths, plan, rows, standing)
    write_bytes(paths.aggregated_json, _json(document, rows), durable=durable)
    for path, table in (
        (paths.aggregated_csv, tables.jobs_table(jobs)),
        (paths.groups_csv, tables.groups_table(standing.groups)),
    ):
        write_bytes(path, table.as_csv_at_once() if is_interim else table.as_csv(), durable=durable)
    return document


def _json(document: Mapping[str, Any], rows: Sequence[Row]) -> bytes:
    """The document with the rows, whose text is at hand, in the place of its empty list of jobs."""
    jobs = b"[\n" + b",\n".join(row.text for row in rows) + b"\n]"
    parts = (
        dumped(name) + b":" + (jobs if name == "jobs" else dumped(value))
        for name, value in document.items()
    )
    return b"{" + b",\n".join(parts) + b"}\n"


def _metric(plan: Plan) -> str | None:
    metric = _spec(plan).get("metric")
    return metric if isinstance(metric, str) and metric else None


def _spec(plan: Plan) -> Mapping[str, Any]:
    spec = plan.facts.get("spec")
    return spec if isinstance(spec, dict) else {}


def _document(
    paths: SweepPaths, plan: Plan, rows: Sequence[Row], standing: Ranking
) -> dict[str, Any]:
    base = plan.facts.get("base")
    name = plan.facts.get("exp_name") or plan.summary.get("exp_name") or paths.root.name
    return {
        "schema_version": SCHEMA_VERSION,
        "tool_version": __version__,
        "exp_name": str(name),
        "spec_hash": plan.facts.get("spec_hash"),
        "commit": base.get("commit") if isinstance(base, dict) else None,
        "objective": asdict(standing.objective) if standing.objective else None,
        "data_digests": standing.data_digests,
        "comparable": standing.comparable,
        "n_jobs": len(rows),
        "jobs": [],
        "summary": _summary(str(name), plan, [row.data for row in rows]),
        "groups": standing.groups,
        "leaderboard": standing.leaderboard,
        "comparisons": standing.comparisons,
        "warnings": [*plan.problems, *problems(rows), *standing.warnings],
    }


def _summary(name: str, plan: Plan, jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The seed's summary (exit codes in the order of the jobs), and the sums over the jobs."""
    states: dict[str, int] = {}
    for job in jobs:
        state = str(job["state"] or "unknown")
        states[state] = states.get(state, 0) + 1
    return {
        "exp_name": name,
        "commands": len(jobs),
        "exit_codes": [job["exit_code"] for job in jobs],
        "timestamp": plan.facts.get("ended_at")
        or plan.facts.get("started_at")
        or plan.summary.get("timestamp"),
        "states": states,
        "exit_code": plan.facts.get("exit_code"),
        "wall_seconds": _wall_seconds(plan, jobs),
        "job_seconds": sum(job["duration_seconds"] or 0.0 for job in jobs),
        "gpu_seconds": sum(job["gpu_seconds"] or 0.0 for job in jobs),
    }


def _wall_seconds(plan: Plan, jobs: Sequence[Mapping[str, Any]]) -> float | None:
    """From the start of the sweep, or of its first job, to its end, or that of its last job so far."""
    starts = _times([plan.facts.get("started_at")]) or _times(job["start_time"] for job in jobs)
    ends = _times([plan.facts.get("ended_at")]) or _times(job["end_time"] for job in jobs)
    return max(0.0, (max(ends) - min(starts)).total_seconds()) if starts and ends else None


def _times(texts: Iterable[object]) -> list[datetime]:
    return [moment for text in texts if (moment := parse_time(text))]


class Incremental:
    """The aggregates of a sweep that runs.

    `add` each job's record; the files follow at a bounded cost.

    A write costs time in proportion to the sweep, so the next one waits until 20 times the last
    one's CPU time has passed: some 0.3 s for a small sweep, seconds for 10,000 jobs, at most 5 % of
    a core in all. A write that had to wait is made up by a timer, and `close` always writes.
    Thread-safe.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths
        self._plan = read_plan(paths)
        self._rows = read_rows(paths, self._plan)
        self._guard = threading.Lock()
        self._writer = threading.Lock()
        self._changed = False
        self._closed = False
        self._next = 0.0
        self._timer: threading.Timer | None = None

    def add(self, record: JobRecord) -> None:
        """Take a job's record, and write unless the last write was just now.

        A full disk is left for `close`.
        """
        row = make_row(self._paths, self._plan, record)
        with self._guard:
            self._rows[record.id] = row
            self._changed = True
        self.write()

    def write(self) -> bool:
        """Write if something changed and it is time; otherwise see that it is done in time.

        True when written.
        """
        if not self._writer.acquire(blocking=False):
            return False
        try:
            with self._guard:
                wait = self._next - time.monotonic()
                if self._closed or not self._changed:
                    return False
            return wait <= 0 and self._write_now()
        finally:
            self._writer.release()
            self._remember()

    def _write_now(self) -> bool:
        """Write; the caller holds `_writer`.

        A disk that refuses is tried again with the next write.
        """
        started = time.thread_time()
        try:
            self._write(durable=False)
        except OSError:
            return False
        finally:
            self._next = time.monotonic() + _REST_PER_COST * (time.thread_time() - started)
        return True

    def _write(self, *, durable: bool) -> None:
        with self._guard:
            self._changed = False
            rows = [self._rows[index] for index in sorted(self._rows)]
        try:
            _write(self._paths, self._plan, with_configs(rows), durable=durable, is_interim=True)
        except OSError:
            self._changed = True
            raise

    def _remember(self) -> None:
        """Set a timer for what has not been written yet."""
        with self._guard:
            if self._closed or not self._changed or (self._timer and self._timer.is_alive()):
                return
            self._timer = threading.Timer(max(0.01, self._next - time.monotonic()), self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def _on_time(self) -> None:
        with self._guard:
            self._timer = None
        self.write()

    def close(self) -> None:
        """Write the last state durably.

        Raises SweeptreeError when the disk refuses; the records are complete.
        """
        with self._guard:
            self._closed = True
            if self._timer:
                self._timer.cancel()
        with self._writer:
            self._plan = read_plan(self._paths)
            try:
                self._write(durable=True)
            except OSError as error:
                raise _not_written(self._paths, error) from error
