"""Results Aggregator: the fan-in.

Reads the records of a sweep, writes the aggregates, shows them in the Prefect UI.

It reads what stands on disk, not futures: a half-finished sweep, one after a crash, or one that the
seed's own tools ran are all the same to it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.logging import get_run_logger

from sweeptree.analysis.aggregate import aggregate
from sweeptree.engine.artifacts import publish_leaderboard, publish_summary
from sweeptree.errors import UsageError
from sweeptree.model import SweepSummary
from sweeptree.records import SweepPaths
from sweeptree.report import try_report


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
    trouble = try_report(paths, document)
    if trouble:
        get_run_logger().warning(trouble)
    summary = summarise(
        paths, {**document, "warnings": [*document["warnings"], *([trouble] if trouble else [])]}
    )
    _tell(lambda: publish_leaderboard(summary.exp_name, summary.leaderboard))
    _tell(lambda: publish_summary(summary.exp_name, markdown(summary, paths)))
    return summary


def summarise(paths: SweepPaths, document: dict[str, Any]) -> SweepSummary:
    """The few facts of an aggregated document that people ask for first."""
    counts = document.get("summary", {}).get("states") or {}
    return SweepSummary(
        exp_name=document["exp_name"],
        n_jobs=document["n_jobs"],
        states=counts,
        exit_code=0 if set(counts) <= {"succeeded"} else 1,
        wall_seconds=document.get("summary", {}).get("wall_seconds"),
        results=str(paths.root),
        leaderboard=_leaderboard(document),
        warnings=document.get("warnings", []),
    )


def markdown(summary: SweepSummary, paths: SweepPaths) -> str:
    """The summary as a page for the Prefect UI."""
    states = (
        ", ".join(f"{count} {state}" for state, count in sorted(summary.states.items())) or "no job"
    )
    lines = [f"# {summary.exp_name}", "", f"{summary.n_jobs} jobs: {states}.", ""]
    if summary.leaderboard:
        columns = list(summary.leaderboard[0])
        lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        lines += [
            "| " + " | ".join(_cell(row.get(c)) for c in columns) + " |"
            for row in summary.leaderboard[:30]
        ]
        lines.append("")
    lines += ["| file | what | where |", "|---|---|---|"]
    for path, what in (
        (paths.aggregated_json, "all jobs, groups, comparisons"),
        (paths.aggregated_csv, "one row per job"),
        (paths.groups_csv, "one row per config"),
        (paths.report, "the page that shows it all"),
    ):
        lines.append(f"| [{path.name}]({path.resolve().as_uri()}) | {what} | `{path.resolve()}` |")
    lines += ["", *(f"* {warning}" for warning in summary.warnings[:20])]
    return "\n".join(lines)


def _leaderboard(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The ranked configs first, then those without a rank."""
    groups = {group["config_id"]: group for group in document.get("groups", [])}
    ranked = document.get("leaderboard", [])
    objective = (document.get("objective") or {}).get("name")
    rows = []
    for place, config_id in enumerate(
        [*ranked, *(name for name in groups if name not in set(ranked))], 1
    ):
        group = groups.get(config_id, {})
        rank = place if place <= len(ranked) else None
        row: dict[str, Any] = {"rank": rank, "config": config_id}
        names = sorted(
            group.get("metrics", {}), key=lambda name: name != objective
        )  # the ranked one first
        row |= {"n": group.get("n"), "failed": group.get("n_failed")}
        for name in names[:6]:
            values = group["metrics"][name]
            std = values.get("std")
            row[name] = f"{values['mean']:.4g}" + (f" ± {std:.2g}" if std is not None else "")
        rows.append(row)
    return rows


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("<", "&lt;")


def _tell(publish: Callable[[], object]) -> None:
    """Show something in the UI; without the engine the files say it all."""
    try:
        publish()
    except Exception as error:  # the files stand, only their picture is missing
        get_run_logger().warning("An artifact could not be shown: %s", error)
