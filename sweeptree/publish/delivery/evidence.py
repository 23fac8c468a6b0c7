"""What a sweep's records say for a change: of one job, or of the winner over all others. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sweeptree.analysis import stats
from sweeptree.analysis.document import Document, Group
from sweeptree.model import JobRecord, JobState
from sweeptree.publish.delivery.body import Evidence, Score, Table

_METRICS = 20
_RANKS = 20


def job_evidence(exp_name: str, record: JobRecord, records: Sequence[JobRecord]) -> Evidence:
    """One job's command, configuration and metrics; spreads are over its config's seeds so far."""
    others = [other for other in records if _is_another_seed(record, other)]
    return Evidence(
        heading=f"{exp_name} job {record.id}",
        command=record.cmd,
        commit=(record.base_commit or "")[:12],
        facts=_facts(record),
        params=record.params,
        scores=_scores([record, *others]),
        reproduce=record.reproduce or "",
    )


def _is_another_seed(record: JobRecord, other: JobRecord) -> bool:
    is_same_config = other.config_id == record.config_id and other.id != record.id
    return is_same_config and other.state is JobState.SUCCEEDED


def winner_evidence(exp_name: str, record: JobRecord, document: Document) -> Evidence:
    """The winner's job, its config's metrics and the leaderboard of aggregated.json."""
    ranked = document.ranked()
    own = next((group for group in ranked if group.config_id == record.config_id), None)
    metric = document.objective.name if document.objective else ""
    return Evidence(
        heading=f"{exp_name}: the best of {len(ranked)} configs in {document.n_jobs} jobs",
        command=record.cmd,
        commit=(record.base_commit or "")[:12],
        facts=_facts(record),
        params=record.params,
        scores=_scores([record]) if own is None else _group_scores(own),
        table=_leaderboard(ranked, metric),
        reproduce=record.reproduce or "",
    )


def _facts(record: JobRecord) -> tuple[tuple[str, str], ...]:
    seconds = record.duration_seconds
    return (
        ("seed", str(record.seed) if record.seed is not None else ""),
        ("exit code", str(record.exit_code) if record.exit_code is not None else ""),
        ("duration", f"{seconds:.1f} s" if seconds is not None else ""),
        ("host", record.host or ""),
        ("Python", record.python_version or ""),
    )


def _scores(records: Sequence[JobRecord]) -> tuple[Score, ...]:
    found = []
    for name in sorted(records[0].metrics)[:_METRICS]:
        values = [record.metrics[name] for record in records if name in record.metrics]
        found.append(Score(name, stats.mean(values), stats.std(values), len(values)))
    return tuple(found)


def _group_scores(group: Group) -> tuple[Score, ...]:
    found = list(group.metrics.items())[:_METRICS]
    return tuple(Score(name, metric.mean, metric.std, metric.n) for name, metric in found)


def _leaderboard(ranked: Sequence[Group], metric: str) -> Table | None:
    if not ranked:
        return None
    columns = ("rank", "config", f"{metric} (mean ± std)", "seeds")
    return Table(columns, tuple(_row(group, metric) for group in ranked[:_RANKS]))


def _row(group: Group, metric: str) -> tuple[str, ...]:
    return str(group.rank), group.config_id, group.spread(metric), str(group.n)
