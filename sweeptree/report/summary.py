"""The Results Aggregator's work: records in, aggregates and report.html out, and what they come to.

It reads what stands on disk, not futures: a half-finished sweep, one after a crash, or a folder of
legacy records are all the same to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import Document, Group
from sweeptree.analysis.metrics import Wanted
from sweeptree.analysis.reread import reread
from sweeptree.analysis.stats import Objective
from sweeptree.errors import UsageError
from sweeptree.model import JobState
from sweeptree.model.fields import Border, MetricRegex
from sweeptree.model.report import Report
from sweeptree.records import SweepPaths
from sweeptree.report import try_report

_SHOWN_CONFIGS = 30
_SHOWN_METRICS = 6
_SHOWN_WARNINGS = 20

Row = dict[str, str | int | None]


class AggregateSpec(Border):
    """Which sweep to aggregate, and how."""

    exp_dir: Path = Field(description="The folder of one sweep: results/EXP.")
    mix_data: bool = Field(
        default=False,
        description="Rank and compare also jobs that ran on different versions of the dataset.",
    )
    reread: bool = Field(
        default=False, description="Find the metrics of the jobs that have ended anew first."
    )
    metrics_file: tuple[str, ...] = Field(
        default=(), description="With reread: patterns of files, in place of the sweep's own."
    )
    metric_regex: MetricRegex | None = Field(
        default=None, description="With reread: a pattern for the log, in place of the sweep's own."
    )


class AggregateReport(Report):
    """The few facts of a sweep's aggregates that people ask for first."""

    exp_name: str
    n_jobs: int
    states: dict[str, int] = Field(description="How many jobs are in each state.")
    exit_code: int = Field(description="0: all jobs succeeded; 1: some did not.")
    wall_seconds: float | None = None
    results: Path
    leaderboard: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()


def write_aggregates(spec: AggregateSpec) -> AggregateReport:
    """Write aggregated.json, aggregated.csv, groups.csv and report.html; say what they hold.

    Raises UsageError, and SweeptreeError when the aggregates cannot be written.
    """
    if not spec.exp_dir.is_dir():
        raise UsageError(
            f"{spec.exp_dir} is not a folder", hint="give the folder of one sweep: results/EXP"
        )
    paths = SweepPaths(spec.exp_dir)
    troubles: list[str] = []
    if spec.reread:
        wanted = Wanted(None, spec.metrics_file, spec.metric_regex)
        troubles += reread(paths, wanted).troubles
    document = aggregate(paths, mix_data=spec.mix_data)
    trouble = try_report(paths, document)
    return _report_on(paths, document, [*troubles, trouble] if trouble else troubles)


def _report_on(paths: SweepPaths, document: Document, troubles: Sequence[str]) -> AggregateReport:
    states = dict(document.summary.states)
    all_succeeded = states.keys() <= {JobState.SUCCEEDED}
    counts = ", ".join(f"{many} {state}" for state, many in sorted(states.items()))
    leaderboard = tuple(_row(group, document.objective) for group in document.in_order())
    warnings = (*document.warnings, *troubles)
    return AggregateReport(
        reason=f"{document.n_jobs} jobs: {counts or 'no job'}",
        markdown=_markdown(document, paths, leaderboard, warnings),
        exp_name=document.exp_name,
        n_jobs=document.n_jobs,
        states=states,
        exit_code=0 if all_succeeded else 1,
        wall_seconds=document.summary.wall_seconds,
        results=paths.root,
        leaderboard=leaderboard,
        warnings=warnings,
    )


def _markdown(
    document: Document, paths: SweepPaths, leaderboard: Sequence[Row], warnings: Sequence[str]
) -> str:
    counts = [f"{many} {state}" for state, many in sorted(document.summary.states.items())]
    states = ", ".join(counts) or "no job"
    lines = [f"# {document.exp_name}", "", f"{document.n_jobs} jobs: {states}.", ""]
    if leaderboard:
        lines += [*_table(leaderboard), ""]
    lines += [*_files(paths), ""]
    lines += [f"* {warning}" for warning in warnings[:_SHOWN_WARNINGS]]
    return "\n".join(lines)


def _table(leaderboard: Sequence[Mapping[str, object]]) -> list[str]:
    columns = list(leaderboard[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in leaderboard[:_SHOWN_CONFIGS]:
        cells = (_cell(row.get(column)) for column in columns)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _files(paths: SweepPaths) -> list[str]:
    lines = ["| file | what | where |", "|---|---|---|"]
    for path, what in (
        (paths.aggregated_json, "all jobs, groups, comparisons"),
        (paths.aggregated_csv, "one row per job"),
        (paths.groups_csv, "one row per config"),
        (paths.report, "the page that shows it all"),
    ):
        place = path.resolve()
        lines.append(f"| [{path.name}]({place.as_uri()}) | {what} | `{place}` |")
    return lines


def _row(group: Group, objective: Objective | None) -> Row:
    """A row of the table that Prefect shows: the metric that ranks stands first."""
    first = objective.name if objective else None
    names = sorted(group.metrics, key=lambda name: name != first)[:_SHOWN_METRICS]
    row: Row = {"rank": group.rank, "config": group.config_id}
    row |= {"n": group.n, "failed": group.n_failed}
    return row | {name: group.spread(name) for name in names}


def _cell(value: object) -> str:
    return "-" if value is None else str(value).replace("|", "\\|").replace("<", "&lt;")
