"""The search itself: what the tests run, then candidate after candidate, then each hit alone."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .children import HUNG, Answer, Children, Rules
from .files import Files
from .generate import candidates, read_sources
from .live import LiveCode, apply
from .request import Answers, Request, as_json
from .source import Candidate, SourceFile
from .state import State
from .suspicion import TestTrace, suspicion
from .tracing import traced
from .trial import frames_of, run_item

LEVELS = (
    0.04,
    0.5,
    6.0,
)  # seconds of CPU for one test: a right fix may be slow, a wrong one endless
_BASELINE_LIMIT = 10.0
_FAILING_LIMIT = 1.0  # what a failing test has run until then says enough, and it may be endless
_BASELINE_SHARE = 0.3  # of the whole budget
_LEVEL_SHARES = (0.6, 0.85, 1.0)  # until when each level may go on
_MORE_SECONDS, _MORE_SHARE = 2.0, 1.0  # for alternatives, once there is a hit
_MOST_CANDIDATES = 60_000


@dataclass(slots=True)
class Spent:
    """CPU seconds of this process and its children since it began to search, and the clock."""

    cpu_limit: float
    wall_limit: float
    began: float = field(default_factory=time.monotonic)

    def cpu(self) -> float:
        """Seconds of CPU, with those of importing and collecting."""
        times = os.times()
        return sum(times[:4])

    def is_over(self, share: float = 1.0) -> bool:
        """Whether a share of the budget is used up."""
        wall = time.monotonic() - self.began
        return self.cpu() > share * self.cpu_limit or wall > share * self.wall_limit


class Search:
    """One search over items that pytest has collected, in the process that has collected them."""

    def __init__(self, request: Request, items: list[Any], answers: Answers) -> None:
        self._request, self._answers = request, answers
        self._items = {item.nodeid: item for item in items}
        self._root = f"{request.root}{os.sep}"
        self._spent = Spent(request.cpu_seconds, request.wall_seconds)
        self._files = Files(request.root, request.origin)
        self._state = State(self._root)
        self._live = LiveCode(self._root)
        self._sources: dict[str, SourceFile] = {}
        self._failing: list[TestTrace] = []
        self._passing: list[TestTrace] = []
        self._tried = 0
        self._began = 0.0
        gc.collect()
        gc.freeze()

    def run(self) -> str:
        """Search, and say why it ended. Hits are answered as they are found."""
        if not any(name in self._items for name in self._request.failing):
            return "the failing tests could not be collected"
        self._sort(list(self._baseline()))
        if not self._failing:
            return "none of the failing tests fails here"
        scores = suspicion([*self._failing, *self._passing])
        known = self._request.known
        self._sources = read_sources([*scores, *(each.path for each in known)], self._root)
        if not self._sources:
            return "the failing tests run no code that may be changed"
        return self._try_levels(iter(known) if known else candidates(self._sources, scores))

    def _sort(self, traces: list[TestTrace]) -> None:
        """Failing and passing tests, the quickest first. One that passes here must stay so."""
        wanted = set(self._request.failing)
        traces.sort(key=lambda each: each.seconds)
        failing = [each for each in traces if not each.has_passed and each.node_id in wanted]
        self._failing = failing
        self._passing = [each for each in traces if each.has_passed]

    def _baseline(self) -> Iterator[TestTrace]:
        """Every test as it is, traced; what is not reached in time is left out."""
        names = [*self._request.failing, *self._request.passing]
        there = [name for name in dict.fromkeys(names) if name in self._items]
        guard = 3 * _BASELINE_LIMIT
        children = self._children(self._trace_one, guard)
        for name, answer in children.run(there, self._files.restore):
            yield _trace_of(name, answer)
            if self._spent.is_over(_BASELINE_SHARE) and name not in self._request.failing:
                return

    def _trace_one(self, name: str) -> Answer:
        limit = _FAILING_LIMIT if name in self._request.failing else _BASELINE_LIMIT
        with traced(self._root) as lines:
            trial = run_item(self._items[name], limit)
        return {
            "passed": trial.has_passed,
            "seconds": trial.seconds,
            "lines": {path: sorted(numbers) for path, numbers in lines.items()},
            "frames": frames_of(trial.error, self._root),
            "unclean": trial.is_out_of_time,
        }

    def _try_levels(self, source: Iterator[Candidate]) -> str:
        """All candidates with little time for each; those that took longer again, with more."""
        hits, first_hit, waiting = 0, 0.0, source
        self._began = self._spent.cpu()
        for level, share in zip(LEVELS, _LEVEL_SHARES, strict=True):
            slow: list[Candidate] = []
            for candidate, answer in self._tries(waiting, level):
                self._tried += 1
                if answer["state"] in (HUNG, "slow"):
                    slow.append(candidate)
                if answer["state"] == "passed" and self._is_valid(candidate):
                    hits += 1
                    first_hit = first_hit or self._spent.cpu()
                if self._is_enough(hits, first_hit):
                    return "enough found"
                if self._spent.is_over(share) or self._tried > _MOST_CANDIDATES:
                    break
            if self._spent.is_over():
                return "the time is over"
            waiting = iter(slow)
        return "nothing is left to try"

    def _is_enough(self, hits: int, first_hit: float) -> bool:
        if hits >= self._request.most_hits:
            return True
        more = _MORE_SECONDS + _MORE_SHARE * (first_hit - self._began)
        return hits > 0 and self._spent.cpu() > first_hit + more

    def _tries(
        self, source: Iterable[Candidate], level: float
    ) -> Iterator[tuple[Candidate, Answer]]:
        guard = 2.0 + 5 * level
        children = self._children(lambda candidate: self._try_one(candidate, level), guard)
        return children.run(source, self._files.restore)

    def _is_valid(self, candidate: Candidate) -> bool:
        """Whether a hit passes alone, in a fresh process, with every test; then it is answered."""
        level = LEVELS[-1]
        self._files.restore()
        children = self._children(lambda each: self._try_one(each, level, every=True), 60.0)
        ((_, answer),) = list(children.run([candidate], self._files.restore))
        if answer["state"] != "passed":
            return False
        self._answers.say(
            "hit",
            **as_json(candidate),
            tests=answer["tests"],
            cpu=self._spent.cpu(),
            tried=self._tried,
        )
        return True

    def _try_one(self, candidate: Candidate, level: float, *, every: bool = False) -> Answer:
        """One candidate in this child: failing tests first, then those that run what it changes."""
        undo = apply(self._live, self._sources, candidate)
        if undo is None:
            return {"state": "impossible"}
        try:
            passing = self._passing if every else self._related(candidate)
            return self._judge([*self._failing, *passing], level)
        finally:
            undo()
            self._state.refresh()

    def _judge(self, tests: list[TestTrace], level: float) -> Answer:
        for test in tests:
            limit = max(level, 4 * test.seconds) if test.has_passed else level
            trial = run_item(self._items[test.node_id], limit)
            if trial.is_out_of_time:
                return {"state": "slow", "unclean": True}
            if not trial.has_passed:
                return {"state": "failed"}
        # its child ends, so that nothing runs beside the validation that follows
        return {"state": "passed", "tests": len(tests), "unclean": True}

    def _related(self, candidate: Candidate) -> list[TestTrace]:
        """The passing tests that run a line of the changed file."""
        return [each for each in self._passing if candidate.path in each.lines]

    def _children(self, work: Any, guard: float) -> Children[Any]:
        return Children(work, self._is_clean, Rules(guard, self._request.memory_bytes))

    def _is_clean(self) -> bool:
        if self._state.is_changed():
            return False
        return not (self._files.are_few and self._files.are_changed())

    @property
    def tried(self) -> int:
        """How many candidates have been judged."""
        return self._tried

    @property
    def trying_cpu(self) -> float:
        """Seconds of CPU for candidates alone."""
        return self._spent.cpu() - self._began if self._began else 0.0

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return self._spent.cpu()


def _trace_of(name: str, answer: Answer) -> TestTrace:
    lines = {path: set(numbers) for path, numbers in answer.get("lines", {}).items()}
    frames = [(path, line) for path, line in answer.get("frames", ())]
    has_passed = bool(answer.get("passed"))
    return TestTrace(name, has_passed, float(answer.get("seconds", 0.0)), lines, frames)
