"""What one source says of a job: the last value per name, and the best of the wanted metric."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeptree.analysis.metrics.points import Point, Remark
from sweeptree.analysis.metrics.thinning import thinned
from sweeptree.analysis.stats import Goal, Objective
from sweeptree.model.values import Metrics

MAX_NAMES = 1000
MAX_TAKEN = 1_000_000
MAX_NUMBERS = 500_000  # kept for curves; some 50 MB
_SHOWN_REMARKS = 3
_MANY_STEPS = f"only the first {MAX_TAKEN:,} steps were read"


@dataclass(slots=True)
class Found:
    """The values so far, the best so far, and the names whose values were no finite numbers.

    `diverged`: those among the names whose value so far is the last and is not finite.
    """

    wanted: Objective | None
    values: dict[str, float] = field(default_factory=dict)
    best: dict[str, Any] | None = None
    not_finite: set[str] = field(default_factory=set)
    diverged: set[str] = field(default_factory=set)
    points: list[Point] = field(default_factory=list)
    remarks: dict[str, None] = field(default_factory=dict)
    dropped: int = 0
    kept_numbers: int = 0

    def take_all(self, stream: Iterable[Point | Remark]) -> Found:
        """Add what a source says, to its end or the bound."""
        for count, each in enumerate(stream):
            if count >= MAX_TAKEN:
                self._note(_MANY_STEPS)
                break
            if isinstance(each, Remark):
                self._note(each.text)
            else:
                self._take(each)
        return self

    def _note(self, remark: str) -> None:
        if len(self.remarks) < _SHOWN_REMARKS:
            self.remarks.setdefault(remark)

    @property
    def says_something(self) -> bool:
        """Whether a metric stands there, diverged ones included."""
        return bool(self.values or self.diverged)

    @property
    def has_wanted(self) -> bool:
        """Whether the wanted metric stands there, also as one that diverged."""
        if self.wanted is None:
            return self.says_something
        return self.wanted.name in self.values or self.wanted.name in self.diverged

    def metrics(self, source: str) -> Metrics:
        """What there is to tell; of a metric that diverged no earlier value is the best."""
        lost = self.best is not None and self.best["metric"] in self.diverged
        return Metrics(
            values=self.values,
            best=None if lost else self.best,
            source=source + self.left_out(),
            diverged=tuple(sorted(self.diverged)),
        )

    def left_out(self) -> str:
        """What was not taken, in brackets, for the name of the source."""
        notes = list(self.remarks)
        if self.not_finite:
            names = sorted(self.not_finite)
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            notes.append(f"not finite: {', '.join(names[:5])}{more}")
        if self.dropped:
            notes.append(f"only the first {MAX_NAMES} names were taken")
        return f" ({'; '.join(notes)})" if notes else ""

    def _take(self, point: Point) -> None:
        if not point.says_something:
            return
        for name, number in point.numbers.items():
            self._add(name, number)
        for name in point.not_finite:
            self._lose(name)
        self._judge(point.step, point.numbers)
        self._keep(point)

    def _keep(self, point: Point) -> None:
        """Remember a point for the curves: of the names that are taken, and not too many."""
        if self.dropped:
            point = Point(point.step, _only(point.numbers, self.values))
        self.points.append(point)
        self.kept_numbers += len(point.numbers) + 1
        if self.kept_numbers > MAX_NUMBERS:
            most = MAX_NUMBERS // (2 * len(self.values) + 2)
            self.points = list(thinned(self.points, max(2, most)))
            self.kept_numbers = sum(len(each.numbers) + 1 for each in self.points)

    def _add(self, name: str, number: float) -> None:
        self.diverged.discard(name)
        if name in self.values or self._has_room(self.values, name):
            self.values[name] = number
        else:
            self.dropped += 1

    def _lose(self, name: str) -> None:
        if self._has_room(self.not_finite, name):
            self.not_finite.add(name)
            self.diverged.add(name)
        self.values.pop(name, None)

    def _has_room(self, names: Collection[str], name: str) -> bool:
        """Whether one more name is taken; there is always room for the wanted one."""
        is_wanted = self.wanted is not None and self.wanted.name == name
        return is_wanted or len(names) < MAX_NAMES

    def _judge(self, step: int | float | None, numbers: Mapping[str, float]) -> None:
        wanted = self.wanted
        if wanted is None or wanted.name not in numbers:
            return
        value = numbers[wanted.name]
        if self.best is not None and not _is_better(value, self.best["value"], wanted):
            return
        goal = str(wanted.goal)
        self.best = {"metric": wanted.name, "value": value, "step": step, "goal": goal}


def _is_better(value: float, old: float, wanted: Objective) -> bool:
    return value > old if wanted.goal is Goal.MAX else value < old


def _only(numbers: Mapping[str, float], names: Collection[str]) -> Mapping[str, float]:
    return {name: number for name, number in numbers.items() if name in names}
