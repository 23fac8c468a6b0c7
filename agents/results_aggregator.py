"""Results Aggregator: the fan-in. Records in, aggregates out, shown in the Prefect UI.

It reads what stands on disk, not futures: a half-finished sweep, one after a crash, or a folder of
legacy records are all the same to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from prefect import flow
from prefect.logging import get_run_logger

from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import Document, Group
from sweeptree.analysis.stats import Objective
from sweeptree.engine.artifacts import publish_leaderboard, publish_summary
from sweeptree.errors import UsageError
from sweeptree.model import JobState, SweepSummary
from sweeptree.records import SweepPaths
from sweeptree.report import try_report

_SHOWN_CONFIGS = 30
_SHOWN_METRICS = 6
_SHOWN_WARNINGS = 20


@flow(name="results-aggregator", flow_run_name="{exp_dir.name}", persist_result=False)
def results_aggregator(exp_dir: Path, mix_data: bool = False) -> SweepSummary:
    """Summarise results/<sweep> into aggregated.json, aggregated.csv, groups.csv and report.html.

    `mix_data`: rank and compare also jobs that ran on different versions of the dataset.
    """
    if not exp_dir.is_dir():
        raise UsageError(
            f"{exp_dir} is not a folder", hint="give the folder of one sweep: results/EXP"
        )
    paths = SweepPaths(exp_dir)
    document = aggregate(paths, mix_data=mix_data)
    summary = summarise(paths, document)
    trouble = try_report(paths, document)
    if trouble:
        get_run_logger().warning(trouble)
        summary = summary.model_copy(update={"warnings": [*summary.warnings, trouble]})
    _show(lambda: publish_leaderboard(summary.exp_name, summary.leaderboard))
    _show(lambda: publish_summary(summary.exp_name, markdown(summary, paths)))
    return summary


def summarise(paths: SweepPaths, document: Document) -> SweepSummary:
    """The few facts of an aggregated document that people ask for first."""
    states = dict(document.summary.states)
    all_succeeded = states.keys() <= {JobState.SUCCEEDED}
    return SweepSummary(
        exp_name=document.exp_name,
        n_jobs=document.n_jobs,
        states=states,
        exit_code=0 if all_succeeded else 1,
        wall_seconds=document.summary.wall_seconds,
        results=str(paths.root),
        leaderboard=[_row(group, document.objective) for group in document.in_order()],
        warnings=list(document.warnings),
    )


def markdown(summary: SweepSummary, paths: SweepPaths) -> str:
    """The summary as a page for the Prefect UI."""
    counts = [f"{many} {state}" for state, many in sorted(summary.states.items())]
    states = ", ".join(counts) or "no job"
    lines = [f"# {summary.exp_name}", "", f"{summary.n_jobs} jobs: {states}.", ""]
    if summary.leaderboard:
        lines += [*_table(summary.leaderboard), ""]
    lines += [*_files(paths), ""]
    lines += [f"* {warning}" for warning in summary.warnings[:_SHOWN_WARNINGS]]
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


def _row(group: Group, objective: Objective | None) -> dict[str, object]:
    """A row of the table that Prefect shows: the metric that ranks stands first."""
    first = objective.name if objective else None
    names = sorted(group.metrics, key=lambda name: name != first)[:_SHOWN_METRICS]
    row: dict[str, object] = {"rank": group.rank, "config": group.config_id}
    row |= {"n": group.n, "failed": group.n_failed}
    return row | {name: group.spread(name) for name in names}


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("<", "&lt;")


def _show(publish: Callable[[], object]) -> None:
    """Show something in the UI; without the engine the files say it all."""
    try:
        publish()
    except Exception as error:  # the files stand, only their picture is missing
        get_run_logger().warning("An artifact could not be shown: %s", error)
