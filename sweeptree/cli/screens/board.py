"""The state of a running sweep for the live view: counts, what runs, what ended, best, ETA.

Each ledger entry is taken in constant time; nothing here walks over all jobs.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sweeptree.analysis.progress import progress
from sweeptree.analysis.stats import Objective, objective
from sweeptree.analysis.wording import DIVERGED
from sweeptree.cli.screens.job_curves import Curve, JobCurves
from sweeptree.cli.screens.terminal import number
from sweeptree.model import JobState
from sweeptree.records import SweepPaths
from sweeptree.sweep.tails import read_tail
from sweeptree.sweep.view import age, keeper_note

_LATEST = 200
_EMA = 0.2
_OVER = (JobState.SUCCEEDED, JobState.FAILED, JobState.TIMED_OUT)
_LOG_END = 4096
_PROJECTED_JOBS = 8
_PROJECTION_SECONDS = 2.0  # between two looks at how far the jobs have come
_KEEPER_SECONDS = 5.0  # between two looks at whether the keepers answer


@dataclass(frozen=True, slots=True)
class Places:
    """Where jobs run: `gpu_labels` maps UUIDs to what users call the GPUs; `on_hosts`: on others
    than this machine, which are to be named."""

    gpu_labels: Mapping[str, str] = field(default_factory=dict)
    on_hosts: bool = False

    def gpu_names(self, uuids: Iterable[str]) -> tuple[str, ...]:
        """GPUs by their numbers. Of one of another host that has none here, nothing is told."""
        labels = self.gpu_labels
        if self.on_hosts:
            return tuple(labels[uuid] for uuid in uuids if uuid in labels)
        return tuple(labels.get(uuid, uuid[:12]) for uuid in uuids)


HERE = Places()


@dataclass(slots=True)
class Row:
    """One job that has begun."""

    index: int
    config: str = ""
    seed: int | None = None
    state: str = JobState.PLANNED
    attempt: int = 1
    exit_code: int | None = None
    reason: str = ""
    seconds: float | None = None
    start_time: str | None = None
    gpus: tuple[str, ...] = ()
    host: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    diverged: tuple[str, ...] = ()
    metric_name: str | None = None

    @property
    def shown_metrics(self) -> dict[str, str]:
        """The sweep's metric alone where it has one, else the first three."""
        found = {name: number(value) for name, value in self.metrics.items()}
        found |= dict.fromkeys(self.diverged, DIVERGED)
        if self.metric_name is None:
            return dict(list(found.items())[:3])
        return {name: text for name, text in found.items() if name == self.metric_name}

    @property
    def has_diverged(self) -> bool:
        """Whether the last value of the sweep's metric was no finite number."""
        return self.metric_name in self.diverged

    def elapsed(self) -> float | None:
        """Seconds since the job started."""
        return age(self.start_time)


class Board:
    """Everything the live view shows. One thread uses it."""

    def __init__(
        self,
        paths: SweepPaths,
        jobs: Sequence[Mapping[str, Any]] = (),
        *,
        metric: str | None = None,
        places: Places = HERE,
    ) -> None:
        self.name = paths.root.name
        self.total = 0
        self.began = time.monotonic()
        self.best: float | None = None
        self.counts: Counter[str] = Counter()
        self._paths = paths
        self._plan: dict[int, Mapping[str, Any]] = {}
        self._goal: Objective | None = None
        self.places = places
        self._states: dict[int, tuple[str, int]] = {}
        self._running: dict[int, Row] = {}
        self._latest: deque[Row] = deque(maxlen=_LATEST)
        self._mean_seconds: float | None = None
        self._most_at_once = 1
        self._active = 0.0
        self._active_since: float | None = None
        self._projected: float | None = None
        self._next_projection = self.began
        self._keeper_notes: dict[int, str] = {}
        self._next_look = self.began
        self.plan(jobs, metric)

    def plan(self, jobs: Sequence[Mapping[str, Any]], metric: str | None) -> None:
        """Take the jobs of sweep.json (id, config_id, seed) and the spec's metric."""
        self._plan = {int(job["id"]): job for job in jobs}
        self._goal = objective(metric) if metric else None
        self._curves = JobCurves(self._paths, self.metric_name)
        self._recount()

    def forget_running(self) -> None:
        """What an earlier, dead run left as running is to be done again."""
        self._running.clear()
        self._active, self._active_since = 0.0, None
        self._states = {n: now for n, now in self._states.items() if JobState(now[0]).is_final}
        self._recount()

    def _recount(self) -> None:
        """All counts anew, when the plan has changed: the only walk over all jobs."""
        known = self._plan.keys() | self._states.keys()
        self.total = len(known)
        self.counts = Counter(state for state, _ in self._states.values())
        self.counts[JobState.PLANNED] += self.total - len(self._states)

    @property
    def metric_name(self) -> str | None:
        """The sweep's metric, or None when the spec names none."""
        return self._goal.name if self._goal else None

    @property
    def percent(self) -> int:
        """Jobs that are over, of a hundred; one that was cancelled or lost is still to be done."""
        done = sum(self.counts[state] for state in _OVER)
        return 100 * done // max(1, self.total)

    def apply(self, entry: Mapping[str, Any]) -> bool:
        """Take one ledger entry; True when a job's state or attempt has changed."""
        state = str(entry.get("state") or JobState.PLANNED)
        if state not in JobState.__members__.values():
            return False
        row = self._row(entry, state)
        self._place(row)
        now = (row.state, row.attempt)
        if self._states.get(row.index) == now:
            return False
        self._count(row)
        self._states[row.index] = now
        self._curves.forget(row.index)
        self._learn(row)
        return True

    def _count(self, row: Row) -> None:
        """One job more in its state, one less in the state before."""
        before = self._states.get(row.index)
        if before is not None:
            self.counts[before[0]] -= 1
        elif row.index in self._plan:
            self.counts[JobState.PLANNED] -= 1
        else:
            self.total += 1
        self.counts[row.state] += 1

    def row(self, index: int) -> Row:
        """A job that runs or has just ended."""
        if index in self._running:
            return self._running[index]
        for row in reversed(self._latest):
            if row.index == index:
                return row
        return Row(index)

    def visible(self, most: int) -> list[Row]:
        """At most `most` rows, in order: all that run if they fit, then those that ended last."""
        running = list(self._running.values())[: max(1, most)]
        room = max(0, most - len(running))
        ended = list(self._latest)[-room:] if room else []
        return sorted([*running, *ended], key=lambda row: row.index)

    def curve(self, row: Row) -> Curve:
        """What the job has reported of the metric so far."""
        return self._curves.now(row.index)

    def keeper_notes(self) -> dict[int, str]:
        """What is wrong with the keepers of the jobs that run; looked at now and then."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _KEEPER_SECONDS
            rows = self._running.values()
            notes = {row.index: keeper_note(self._alive(row)) for row in rows}
            self._keeper_notes = {index: note for index, note in notes.items() if note}
        return self._keeper_notes

    def _alive(self, row: Row) -> Path:
        return self._paths.attempt(row.index, row.attempt, "alive")

    def remaining_seconds(self) -> float | None:
        """An estimate from the mean time of a job and how many have run at once.

        Before the first has ended, the time comes from how far the logs of those that run say they
        have come. None where nothing says so, and when nothing is left to do.
        """
        planned = self.counts[JobState.PLANNED]
        if not (planned or self._running):
            return None
        mean = self._mean_seconds or self._projected_seconds()
        if mean is None:
            return None
        elapsed = [row.elapsed() or 0.0 for row in self._running.values()]
        running = sum(max(0.0, mean - seconds) for seconds in elapsed)
        return (planned * mean + running) / self._most_at_once

    def _projected_seconds(self) -> float | None:
        """How long a job will take by the logs of those that run; looked at now and then."""
        now = time.monotonic()
        if now >= self._next_projection:
            self._next_projection = now + _PROJECTION_SECONDS
            rows = islice(self._running.values(), _PROJECTED_JOBS)
            found = [seconds for row in rows if (seconds := self._whole_seconds(row))]
            self._projected = sum(found) / len(found) if found else None
        return self._projected

    def _whole_seconds(self, row: Row) -> float | None:
        log = read_tail(self._paths.log(row.index), _LOG_END).decode("utf-8", "replace")
        part, elapsed = progress(log), row.elapsed()
        return elapsed / part if part and elapsed else None

    def active_seconds(self) -> float:
        """The time since the start in which some job ran."""
        if self._active_since is None:
            return self._active
        return self._active + time.monotonic() - self._active_since

    def _row(self, entry: Mapping[str, Any], state: str) -> Row:
        index = int(entry["id"])
        plan = self._plan.get(index, {})
        seed = entry.get("seed")
        return Row(
            index=index,
            config=str(entry.get("config_id") or plan.get("config_id") or ""),
            seed=plan.get("seed") if seed is None else seed,
            state=state,
            attempt=int(entry.get("attempt") or 1),
            exit_code=entry.get("exit_code"),
            reason=str(entry.get("reason") or ""),
            seconds=entry.get("duration_seconds"),
            start_time=entry.get("start_time"),
            gpus=self.places.gpu_names(entry.get("gpus") or ()),
            host=str(entry.get("host") or "") if self.places.on_hosts else "",
            metrics=entry.get("metrics") or {},
            diverged=tuple(entry.get("diverged") or ()),
            metric_name=self.metric_name,
        )

    def _place(self, row: Row) -> None:
        was_running = self._running.pop(row.index, None) is not None
        if row.state == JobState.RUNNING:
            self._running[row.index] = row
            self._most_at_once = max(self._most_at_once, len(self._running))
        self._note_activity()
        if not was_running:
            self._leave_latest(row.index)
        if JobState(row.state).is_final:
            self._latest.append(row)

    def _note_activity(self) -> None:
        """The clock of the active time runs while any job does."""
        if self._running and self._active_since is None:
            self._active_since = time.monotonic()
        elif not self._running:
            self._active = self.active_seconds()
            self._active_since = None

    def _leave_latest(self, index: int) -> None:
        """A job that is retried has not ended any more."""
        if any(row.index == index for row in self._latest):
            others = [row for row in self._latest if row.index != index]
            self._latest = deque(others, maxlen=_LATEST)

    def _learn(self, row: Row) -> None:
        """What a job that succeeded says of the time that jobs take, and of the best."""
        if row.state != JobState.SUCCEEDED:
            return
        if row.seconds is not None:
            self._learn_seconds(row.seconds)
        value = row.metrics.get(self.metric_name or "")
        if value is not None:
            self._learn_best(value)

    def _learn_seconds(self, seconds: float) -> None:
        mean = self._mean_seconds
        self._mean_seconds = seconds if mean is None else mean + _EMA * (seconds - mean)

    def _learn_best(self, value: float) -> None:
        is_least = self._goal is not None and self._goal.goal == "min"
        better = min if is_least else max
        self.best = value if self.best is None else better(self.best, value)
