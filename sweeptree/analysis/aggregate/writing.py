"""Rows → the document and the three files: aggregated.json, aggregated.csv, groups.csv."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeptree import __version__
from sweeptree.analysis.aggregate import tables
from sweeptree.analysis.aggregate.ranking import Ranking, rank
from sweeptree.analysis.aggregate.rows import Plan, Row, dumped, problems
from sweeptree.analysis.aggregate.source_remarks import told_of_sources
from sweeptree.analysis.document import Document, JobRow, Summary
from sweeptree.analysis.durations import running_seconds
from sweeptree.errors import SweeptreeError
from sweeptree.model import Scalar
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What the files are made of."""

    plan: Plan
    rows: Sequence[Row]
    ranking: Ranking

    @classmethod
    def of(cls, plan: Plan, rows: Sequence[Row], *, mix_data: bool = False) -> Contents:
        """The rows, ranked as the sweep's spec says; `mix_data`: over different data too."""
        spec = _dict(plan.facts.get("spec"))
        is_mixed = mix_data or spec.get("mix_data") is True
        jobs = [row.job for row in rows]
        metric = _text(spec.get("metric")) or _metric_of(jobs)
        return cls(plan, rows, rank(jobs, metric, mix_data=is_mixed))

    @property
    def jobs(self) -> list[JobRow]:
        """The jobs of the rows."""
        return [row.job for row in self.rows]


def _metric_of(jobs: Sequence[JobRow]) -> str | None:
    """The metric by whose best value all records go: imported ones have it, and no spec."""
    named = {f"{job.best.get('metric')}:{job.best.get('goal')}" for job in jobs if job.best}
    return named.pop() if len(named) == 1 else None


def write_files(
    paths: SweepPaths, contents: Contents, *, durable: bool, at_once: bool = False
) -> Document:
    """Write the three files; `at_once`: without pandas, whose import takes a while.

    Returns the document, without its jobs. Raises OSError.
    """
    document = document_of(paths, contents)
    write_bytes(paths.aggregated_json, _json(document, contents.rows), durable=durable)
    both = (
        (paths.aggregated_csv, tables.jobs_table(contents.jobs)),
        (paths.groups_csv, tables.groups_table(contents.ranking.groups)),
    )
    for path, table in both:
        text = table.as_csv_at_once() if at_once else table.as_csv()
        write_bytes(path, text, durable=durable)
    return document


def not_written(paths: SweepPaths, error: OSError) -> SweeptreeError:
    """What to tell the user when the disk refuses."""
    what = f"the aggregates of {paths.root.name} cannot be written: {error.strerror}"
    return SweeptreeError(
        f"{what}; the records are complete",
        hint=f"make room, then: sweeptree aggregate --exp_dir {paths.root}",
    )


def _json(document: Document, rows: Sequence[Row]) -> bytes:
    """The document with the rows, whose text is at hand, in the place of its empty list of jobs."""
    jobs = b"[\n" + b",\n".join(row.text for row in rows) + b"\n]"
    parts = []
    for name in Document.model_fields:
        text = jobs if name == "jobs" else dumped(getattr(document, name))
        parts.append(dumped(name) + b":" + text)
    return b"{" + b",\n".join(parts) + b"}\n"


def document_of(paths: SweepPaths, contents: Contents) -> Document:
    """The document, without its jobs."""
    plan, ranking = contents.plan, contents.ranking
    name = _sweep_name(paths, plan)
    remarks = told_of_sources(contents.jobs, paths.root.name)
    return Document(
        tool_version=__version__,
        exp_name=name,
        spec_hash=_text(plan.facts.get("spec_hash")),
        commit=_text(_dict(plan.facts.get("base")).get("commit")),
        objective=ranking.objective,
        data_digests=ranking.data_digests,
        comparable=ranking.comparable,
        n_jobs=len(contents.rows),
        jobs=(),
        summary=_summary(name, plan, contents.jobs),
        groups=tuple(ranking.groups),
        leaderboard=tuple(ranking.leaderboard),
        comparisons=tuple(ranking.comparisons),
        warnings=(*plan.problems, *problems(contents.rows), *remarks, *ranking.warnings),
    )


def _sweep_name(paths: SweepPaths, plan: Plan) -> str:
    named = plan.facts.get("exp_name") or plan.summary.get("exp_name")
    return str(named or paths.root.name)


def _summary(name: str, plan: Plan, jobs: Sequence[JobRow]) -> Summary:
    return Summary(
        exp_name=name,
        commands=len(jobs),
        exit_codes=tuple(job.exit_code for job in jobs),
        timestamp=_timestamp(plan),
        states=Counter(str(job.state or "unknown") for job in jobs),
        exit_code=_integer(plan.facts.get("exit_code")),
        wall_seconds=running_seconds(jobs),
        job_seconds=_total(job.duration_seconds for job in jobs),
        gpu_seconds=_total(job.gpu_seconds for job in jobs),
    )


def _timestamp(plan: Plan) -> Scalar | None:
    """When the sweep ended; else when it began; else what the legacy summary says."""
    began_or_ended = plan.facts.get("ended_at") or plan.facts.get("started_at")
    found = began_or_ended or plan.summary.get("timestamp")
    return found if isinstance(found, str | int | float) else None


def _total(values: Iterable[float | None]) -> float:
    known = (value for value in values if value is not None)
    return sum(filter(math.isfinite, known), 0.0)


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None
