"""Results Aggregator: the fan-in. Records in, aggregates out, shown in the Prefect UI."""

from __future__ import annotations

from sweeptree.engine.agent_runs import agent, show_if_possible
from sweeptree.engine.artifacts import publish_leaderboard, publish_summary
from sweeptree.report.summary import AggregateReport, AggregateSpec, write_aggregates


@agent("results-aggregator", run_name="{spec.exp_dir.name}: aggregate", page=False)
def results_aggregator(spec: AggregateSpec) -> AggregateReport:
    """Summarise results/<sweep> into aggregated.json, aggregated.csv, groups.csv and a report."""
    report = write_aggregates(spec)
    show_if_possible(lambda: publish_leaderboard(report.exp_name, list(report.leaderboard)))
    show_if_possible(lambda: publish_summary(report.exp_name, report.markdown))
    return report
