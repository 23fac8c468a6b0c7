"""Which lines are suspicious: Ochiai's coefficient of the tests that run them.

Abreu, Zoeteweij, van Gemund, "On the accuracy of spectrum-based fault localization", 2007.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .tracing import Lines

_RAISED = 1.15  # what a line is worth more when the error came through it


@dataclass(frozen=True, slots=True)
class TestTrace:
    """What one test ran, before anything was changed. `seconds` of CPU, traced."""

    __test__ = False  # pytest: this is no test

    node_id: str
    has_passed: bool
    seconds: float
    lines: Lines
    frames: list[tuple[str, int]] = field(default_factory=list)


def suspicion(traces: Iterable[TestTrace]) -> dict[str, dict[int, float]]:
    """By file and line, from 0 to a little above 1; only what a failing test runs."""
    failed: Counter[tuple[str, int]] = Counter()
    passed: Counter[tuple[str, int]] = Counter()
    raised: set[tuple[str, int]] = set()
    count = 0
    for trace in traces:
        places = _places(trace.lines)
        if trace.has_passed:
            passed.update(places)
        else:
            count += 1
            failed.update(places)
            raised.update(trace.frames)
    return _by_file(
        {place: _ochiai(failed[place], passed[place], count) for place in failed}, raised
    )


def _ochiai(failed: int, passed: int, all_failed: int) -> float:
    return failed / math.sqrt(all_failed * (failed + passed))


def _places(lines: Mapping[str, Iterable[int]]) -> list[tuple[str, int]]:
    return [(path, line) for path, numbers in lines.items() for line in numbers]


def _by_file(
    scores: Mapping[tuple[str, int], float], raised: set[tuple[str, int]]
) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for (path, line), score in scores.items():
        weight = _RAISED if (path, line) in raised else 1.0
        found.setdefault(path, {})[line] = score * weight
    return found
