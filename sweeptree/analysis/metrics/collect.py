"""The first source with a number for the wanted metric wins, and is named.

Hides: that sources may say different things, and what is told where nothing was found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweeptree.analysis.metrics.found import Found
from sweeptree.analysis.metrics.points import Point
from sweeptree.analysis.metrics.seen import NOTHING_FOUND, in_log, unreadable, what_stood_there
from sweeptree.analysis.metrics.sources import Places, Wanted, sources
from sweeptree.analysis.stats import Objective, objective
from sweeptree.model.values import Metrics

__all__ = ["NOTHING_FOUND", "Collected", "Wanted", "collect"]

_ROUNDED = 0.005
_SHOWN_FILES = 3


@dataclass(frozen=True, slots=True)
class Collected:
    """What a job reported, and how it went; `is_reported`: it wrote to $SWEEPTREE_METRICS."""

    metrics: Metrics
    points: Sequence[Point] = ()
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """A source that said something."""

    name: str
    found: Found


def collect(places: Places, wanted: Wanted) -> Collected:
    """What a job reported: last value per name, and the best of the wanted metric (`name`,
    `name:max`, `name:min`).

    The first source that holds the wanted metric wins; where none does, or none is wanted, the
    first that holds any. Never raises for what a job wrote. Truth values are no numbers. NaN and
    infinity are left out, and `source` says so; a metric that ends with one has diverged: it has
    neither a last value nor a best one. A symlink in place of a file is not followed.
    """
    goal = objective(wanted.name) if wanted.name else None
    plain = Wanted(goal.name if goal else None, wanted.files, wanted.regex)
    asked = _read_all(places, plain, goal)
    read = [each for each in asked if each.found.says_something]
    if not read:
        return Collected(Metrics(source=what_stood_there(places, plain) or _troubles(asked)))
    chosen = next((each for each in read if each.found.has_wanted), read[0])
    remark = _remark(chosen, read, places, plain)
    is_reported = chosen.name == places.metrics_file.name
    return Collected(chosen.found.metrics(chosen.name + remark), chosen.found.points, is_reported)


def _read_all(places: Places, wanted: Wanted, goal: Objective | None) -> list[_Read]:
    """The sources; without a wanted metric the first one that says something is the last."""
    asked: list[_Read] = []
    for source in sources(places, wanted):
        found = Found(goal).take_all(source.read())
        asked.append(_Read(source.name, found))
        if goal is None and found.says_something:
            break
    return asked


def _troubles(asked: Sequence[_Read]) -> str | None:
    """What was wrong with the files that say nothing."""
    wrong = [f"{each.name}{each.found.left_out()}" for each in asked if each.found.remarks]
    return f"{NOTHING_FOUND}: {'; '.join(wrong[:_SHOWN_FILES])}" if wrong else None


def _remark(chosen: _Read, read: Sequence[_Read], places: Places, wanted: Wanted) -> str:
    """What a person should know of the choice, for the name of the source."""
    if wanted.name is None:
        return ""
    if not chosen.found.has_wanted:
        seen = in_log(places.log, wanted.name)
        return f"; no {wanted.name} there" + (f": {seen}" if seen else "")
    others = [each for each in read if each is not chosen and _differs(each, chosen, wanted.name)]
    differences = "".join(_difference(each, wanted.name) for each in others[:1])
    return differences + _unread_report(read, places)


def _unread_report(read: Sequence[_Read], places: Places) -> str:
    """What $SWEEPTREE_METRICS holds where it says nothing."""
    is_read = any(each.name == places.metrics_file.name for each in read)
    what = None if is_read else unreadable(places.metrics_file)
    return f"; {what}" if what else ""


def _differs(other: _Read, chosen: _Read, name: str) -> bool:
    """Whether another source has another last value; half a percent is what rounding makes."""
    mine, theirs = chosen.found.values.get(name), other.found.values.get(name)
    if mine is None or theirs is None:
        return False
    return not math.isclose(mine, theirs, rel_tol=_ROUNDED)


def _difference(other: _Read, name: str) -> str:
    return f"; {name} is {other.found.values[name]:g} in {other.name}"
