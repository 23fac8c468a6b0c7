"""What a sweep came to, in a few sentences that claim no more than the runs can show."""

from __future__ import annotations

from sweeptree.analysis import stats
from sweeptree.analysis.failures import FAILED
from sweeptree.analysis.wording import number, short_p
from sweeptree.model import JobState
from sweeptree.report.sheet import Config, Sheet


def verdict(sheet: Sheet) -> str:
    """The sentences at the head of the page."""
    return " ".join(sentence for sentence in (_result(sheet), _rest(sheet)) if sentence)


def _result(sheet: Sheet) -> str:
    if sheet.objective is None or not sheet.ranked:
        return _without_ranking(sheet)
    metric, best = sheet.objective.name, sheet.ranked[0]
    runs = len(best.values(metric))
    if len(sheet.ranked) == 1:
        return _alone(best, metric, runs)
    over = f" over {runs} runs" if runs > 1 else " in one run"
    return f"{best.name} is first: {metric} {best.spread(metric)}{over}{_lead(sheet)}."


def _alone(config: Config, metric: str, runs: int) -> str:
    over = f"over {runs} runs" if runs > 1 else "from one run, which says nothing about its spread"
    result = f"{config.name} has {metric} {config.spread(metric)} {over}"
    return f"{result}; there is no other config to compare it with."


def _lead(sheet: Sheet) -> str:
    """How far the first is from the second, and whether the runs can tell them apart."""
    second = sheet.ranked[1]
    row = second.against_best
    if row is None:
        return ""
    ahead = f", {number(abs(row.delta))} ahead of {second.name}"
    lead = ahead if row.delta else f", level with {second.name}"
    if row.p_holm < 0.05:
        return f"{lead}, and the runs tell the two apart (p = {short_p(row.p_holm)})"
    if stats.least_p([one.p_floor for one in sheet.comparisons]) >= 0.05:
        enough = stats.enough_runs(len(sheet.comparisons))
        return f"{lead}; so few runs cannot settle it ({enough} runs of each config could)"
    return f"{lead}; the runs do not tell the two apart (p = {short_p(row.p_holm)})"


def _without_ranking(sheet: Sheet) -> str:
    has_metrics = any(config.metrics for config in sheet.configs)
    if sheet.objective is None and has_metrics:
        return "There is no ranking: see the remarks below."
    if sheet.states.get(JobState.SUCCEEDED):
        return "No job reported a metric, so there is no ranking."
    return ""


def _rest(sheet: Sheet) -> str:
    """How many jobs ended how, where that was not simply well."""
    states, total = sheet.states, len(sheet.jobs)
    failed = sum(states.get(state, 0) for state in FAILED)
    unfinished = total - failed - states.get(JobState.SUCCEEDED, 0)
    if not total:
        return "The sweep has no jobs."
    if failed == total:
        return "No job succeeded." if total > 1 else "The job did not succeed."
    if failed or unfinished:
        return _not_well(failed, unfinished, total)
    return f"All {total} jobs succeeded." if total > 1 else "The job succeeded."


def _not_well(failed: int, unfinished: int, total: int) -> str:
    parts = []
    if failed:
        parts.append(f"{failed} of {total} jobs did not succeed")
    if unfinished:
        parts.append(f"{unfinished} did not end")
    return "; ".join(parts) + "."
