"""What a sweep came to, in a few sentences that claim no more than the runs can show."""

from __future__ import annotations

from sweeptree.analysis import stats
from sweeptree.analysis.failures import FAILED
from sweeptree.analysis.wording import number
from sweeptree.report.sheet import Sheet


def verdict(sheet: Sheet) -> str:
    """The sentences at the head of the page."""
    return " ".join(sentence for sentence in (_result(sheet), _rest(sheet)) if sentence)


def _result(sheet: Sheet) -> str:
    if sheet.objective is None or not sheet.ranked:
        return _without_ranking(sheet)
    metric, best = sheet.objective.name, sheet.ranked[0]
    runs = len(best.values(metric))
    if len(sheet.ranked) == 1:
        over = (
            f"over {runs} runs" if runs > 1 else "from one run, which says nothing about its spread"
        )
        return f"{best.name} has {metric} {best.spread(metric)} {over}; there is no other config to compare it with."
    over = f" over {runs} runs" if runs > 1 else " in one run"
    return f"{best.name} is first: {metric} {best.spread(metric)}{over}{_lead(sheet)}."


def _lead(sheet: Sheet) -> str:
    """How far the first is from the second, and whether the runs can tell them apart."""
    second = sheet.ranked[1]
    row = second.against_best
    if row is None:
        return ""
    said = f", {number(abs(row['delta']))} ahead of {second.name}"
    if row["delta"] == 0:
        said = f", level with {second.name}"
    if row["p_holm"] < 0.05:
        return f"{said}, and the runs tell the two apart (p = {row['p_holm']:.2g})"
    if stats.least_p([one["p_floor"] for one in sheet.comparisons]) >= 0.05:
        enough = stats.enough_runs(len(sheet.comparisons))
        return f"{said}; so few runs cannot settle it ({enough} runs of each config could)"
    return f"{said}; the runs do not tell the two apart (p = {row['p_holm']:.2g})"


def _without_ranking(sheet: Sheet) -> str:
    done = sheet.states.get("succeeded", 0)
    if sheet.objective is None and any(config.metrics for config in sheet.configs):
        return "There is no ranking: see the remarks below."
    if done:
        return "No job reported a metric, so there is no ranking."
    return ""


def _rest(sheet: Sheet) -> str:
    """How many jobs ended how, where that was not simply well."""
    states, total = sheet.states, len(sheet.jobs)
    failed = sum(states.get(state, 0) for state in FAILED)
    left = total - failed - states.get("succeeded", 0)
    if not total:
        return "The sweep has no jobs."
    if failed == total:
        return "No job succeeded." if total > 1 else "The job did not succeed."
    said = [
        f"{failed} of {total} jobs did not succeed" if failed else "",
        f"{left} did not end" if left else "",
    ]
    told = "; ".join(text for text in said if text)
    return f"{told}." if told else f"{'All' if total > 1 else 'The'} {_jobs(total)} succeeded."


def _jobs(total: int) -> str:
    return f"{total} jobs" if total > 1 else "job"
