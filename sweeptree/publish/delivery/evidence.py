"""What a sweep's records say for a change: of one job, or of the winner over all others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sweeptree.analysis import stats
from sweeptree.model import JobRecord, JobState
from sweeptree.publish.delivery.body import Evidence, Score, Table, spread

_METRICS = 20
_RANKS = 20


def job_evidence(exp_name: str, record: JobRecord, records: Sequence[JobRecord]) -> Evidence:
    """One job's command, configuration and metrics, over the seeds of its config so far."""
    others = [other for other in records if other.id != record.id]
    seeds = [other for other in others if other.config_id == record.config_id]
    succeeded = [other for other in seeds if other.state is JobState.SUCCEEDED]
    return Evidence(
        heading=f"{exp_name} job {record.id}",
        command=record.cmd,
        commit=(record.base_commit or "")[:12],
        facts=_facts(record),
        params=record.params,
        scores=_scores([record, *succeeded]),
        reproduce=record.reproduce or "",
    )


def winner_evidence(exp_name: str, record: JobRecord, document: Mapping[str, Any]) -> Evidence:
    """The winner's job, its config's metrics and the leaderboard of aggregated.json."""
    ranked = _ranked(document)
    groups = [group for group in ranked if group.get("config_id") == record.config_id]
    count = f"{len(ranked)} configs in {document.get('n_jobs', 0)} jobs"
    return Evidence(
        heading=f"{exp_name}: the best of {count}",
        command=record.cmd,
        commit=(record.base_commit or "")[:12],
        facts=_facts(record),
        params=record.params,
        scores=_group_scores(groups[0]) if groups else _scores([record]),
        table=_leaderboard(ranked, str((document.get("objective") or {}).get("name", ""))),
        reproduce=record.reproduce or "",
    )


def _ranked(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    groups = [group for group in document.get("groups", ()) if group.get("rank")]
    return sorted(groups, key=lambda group: int(group["rank"]))


def _facts(record: JobRecord) -> tuple[tuple[str, str], ...]:
    seconds = record.duration_seconds
    return (
        ("seed", _text(record.seed)),
        ("exit code", _text(record.exit_code)),
        ("duration", f"{seconds:.1f} s" if seconds is not None else ""),
        ("host", record.host or ""),
        ("Python", record.python_version or ""),
    )


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _scores(records: Sequence[JobRecord]) -> tuple[Score, ...]:
    found = []
    for name in sorted(records[0].metrics)[:_METRICS]:
        values = [record.metrics[name] for record in records if name in record.metrics]
        found.append(Score(name, stats.mean(values), stats.std(values), len(values)))
    return tuple(found)


def _group_scores(group: Mapping[str, Any]) -> tuple[Score, ...]:
    found = []
    for name, facts in list((group.get("metrics") or {}).items())[:_METRICS]:
        mean, values = facts.get("mean"), facts.get("values") or ()
        if isinstance(mean, int | float):
            found.append(Score(str(name), float(mean), facts.get("std"), len(values) or 1))
    return tuple(found)


def _leaderboard(ranked: Sequence[Mapping[str, Any]], metric: str) -> Table | None:
    if not ranked:
        return None
    rows = tuple(_leaderboard_row(group, metric) for group in ranked[:_RANKS])
    return Table(("rank", "config", f"{metric} (mean ± std)", "seeds"), rows)


def _leaderboard_row(group: Mapping[str, Any], metric: str) -> tuple[str, ...]:
    facts = (group.get("metrics") or {}).get(metric) or {}
    mean, std = facts.get("mean"), facts.get("std")
    score = spread(Score(metric, mean, std, 0)) if isinstance(mean, int | float) else ""
    return str(group["rank"]), str(group["config_id"]), score, str(group.get("n", ""))
