"""Whether a job that was run again came out as its record says. Pure.

The seed interval is where 95 % of further runs of the config would lie, by the seeds that were run:
the interval of a prediction, not that of the mean, which one run is not expected to hit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sweeptree.analysis import stats
from sweeptree.model import JobRecord, JobState

_SAME = 1e-9  # relative: what printing and reading a number costs
_DIGITS = 12


class Verdict(StrEnum):
    """How a run compares with its record."""

    SAME = "same"
    WITHIN = "within"
    OUTSIDE = "outside"
    OTHER_END = "other end"
    NO_METRIC = "no metric"

    @property
    def is_reproduced(self) -> bool:
        """Whether the record holds."""
        return self in (Verdict.SAME, Verdict.WITHIN)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and what it rests on; `runs`: how many seeds the interval is made of."""

    verdict: Verdict
    metric: str | None
    recorded: float | None
    again: float | None
    interval: tuple[float, float] | None
    runs: int
    sentence: str
    notes: tuple[str, ...] = ()


def seed_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Where 95 % of further runs lie: mean ± t · s · sqrt(1 + 1/n); None for a single value."""
    spread = stats.std(values)
    if spread is None:
        return None
    runs = len(values)
    half = stats.t_quantile_95(runs - 1) * spread * math.sqrt(1 + 1 / runs)
    centre = stats.mean(values)
    return centre - half, centre + half


def judge(
    recorded: JobRecord, again: JobRecord, seeds: Sequence[float], metric: str | None
) -> Judgement:
    """Compare a run with its record; `seeds`: the metric of every job of its config, itself
    included."""
    notes = _notes(recorded, again)
    if (recorded.state, recorded.exit_code) != (again.state, again.exit_code):
        return _without_numbers(Verdict.OTHER_END, _ends(recorded, again), metric, notes)
    if recorded.state is not JobState.SUCCEEDED:
        same = f"it {_end(again)} again, as the record says"
        return _without_numbers(Verdict.SAME, same, metric, notes)

    was = recorded.metrics.get(metric) if metric else None
    now = again.metrics.get(metric) if metric else None
    if was is None or now is None:
        return _without_numbers(Verdict.NO_METRIC, _lack(metric, was), metric, notes)

    interval = seed_interval(seeds)
    verdict = _verdict(was, now, interval)
    sentence = _sentence(verdict, interval, len(seeds))
    return Judgement(verdict, metric, was, now, interval, len(seeds), sentence, notes)


def _without_numbers(
    verdict: Verdict, sentence: str, metric: str | None, notes: tuple[str, ...]
) -> Judgement:
    return Judgement(verdict, metric, None, None, None, 0, sentence, notes)


def _verdict(was: float, now: float, interval: tuple[float, float] | None) -> Verdict:
    if math.isclose(was, now, rel_tol=_SAME, abs_tol=1e-12):
        return Verdict.SAME
    if interval is not None and interval[0] <= now <= interval[1]:
        return Verdict.WITHIN
    return Verdict.OUTSIDE


def _sentence(verdict: Verdict, interval: tuple[float, float] | None, runs: int) -> str:
    if verdict is Verdict.SAME:
        return "the same value"
    if interval is None:
        return "another value, and a config with one seed has no interval to judge it by"
    place = "within" if verdict is Verdict.WITHIN else "outside"
    low, high = interval
    return f"{place} the seed interval [{low:.6g}, {high:.6g}] of {runs} seeds"


def _ends(recorded: JobRecord, again: JobRecord) -> str:
    why = f" ({again.reason})" if again.reason else ""
    return f"the record says that it {_end(recorded)}; now it {_end(again)}{why}"


def _end(record: JobRecord) -> str:
    """`succeeded`, `failed with exit code 1`, `timed out`."""
    state = str(record.state or "has no known end").replace("_", " ")
    return f"{state} with exit code {record.exit_code}" if record.exit_code else state


def _lack(metric: str | None, was: float | None) -> str:
    if metric is None:
        return "the sweep ranks by no metric, so there is nothing to compare"
    whose = "the record" if was is None else "the new run"
    return f"{whose} has no {metric}"


def _notes(recorded: JobRecord, again: JobRecord) -> tuple[str, ...]:
    """What was not the same beside the result."""
    facts = (
        ("data", _short(recorded.data_digest), _short(again.data_digest)),
        ("Python", recorded.python_version, again.python_version),
        ("host", recorded.host, again.host),
        ("GPUs", str(len(recorded.gpus)), str(len(again.gpus))),
    )
    return tuple(
        f"{name}: {was} then, {now} now" for name, was, now in facts if was and now and was != now
    )


def _short(digest: str | None) -> str | None:
    return digest[:_DIGITS] if digest else None
