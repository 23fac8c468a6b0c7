"""A sweep's run, from its spec to its report: the one way, with an engine or without.

    open → begin → due jobs → each through its life → best job's pull request → end

Hides: that records are the truth and the engine is told on the way; what runs the stages is given.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sweeptree.analysis.aggregate import Incremental, load_pandas_soon
from sweeptree.analysis.aggregate import aggregate as rebuild
from sweeptree.errors import RecordError, Refused, UsageError
from sweeptree.model import ExitCode, JobRecord, JobState, Resume, StopCause, SweepSpec
from sweeptree.records import read_sweep
from sweeptree.settings import Settings
from sweeptree.sweep import adoption, best, documents, drive, orders, outcome
from sweeptree.sweep.executor import Executor, Means
from sweeptree.sweep.life import run_job
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.results import Ended, RunStage, Trouble, caught, run_directly
from sweeptree.sweep.resume import Due, due_jobs, earlier_records
from sweeptree.sweep.running import Sweep

END_LOOK_SECONDS = 0.5


class Progress:
    """How far a sweep is, for those who show it. Thread-safe."""

    def __init__(self, total: int, finished: int) -> None:
        self.total = total
        self._finished = finished
        self._failed = 0
        self._guard = threading.Lock()

    def add(self, record: JobRecord) -> None:
        """One more job has ended; one that was cancelled is neither progress nor a failure."""
        if record.state is JobState.CANCELLED:
            return
        with self._guard:
            self._finished += 1
            self._failed += record.state is not JobState.SUCCEEDED

    def counts(self) -> tuple[int, int]:
        """How many have finished, and how many of them failed."""
        with self._guard:
            return self._finished, self._failed


class Engine(Protocol):
    """What runs a sweep's stages and shows them; `WithoutEngine` only runs them."""

    @property
    def run_id(self) -> str | None:
        """The engine's name for this run; None: it has none."""

    def tell(self, text: str) -> None:
        """A line for those who look at the run."""

    def note_earlier(self, sweep: Sweep, facts: Mapping[str, Any]) -> None:
        """sweep.json as an earlier process wrote it, before this one writes its own."""

    def stages(self, sweep: Sweep) -> RunStage:
        """How the stages of this sweep's jobs are run."""

    def shown(self, sweep: Sweep, progress: Progress) -> contextlib.AbstractContextManager[object]:
        """Show how far the sweep is, as long as this lasts."""

    def pace(self, stopping: threading.Event) -> None:
        """Wait, before a job begins, while the engine is too far behind."""


class WithoutEngine:
    """A sweep by its files alone."""

    run_id = None

    def tell(self, text: str) -> None:
        """Nobody looks."""

    def note_earlier(self, sweep: Sweep, facts: Mapping[str, Any]) -> None:
        """Nothing shows the earlier process."""

    def stages(self, sweep: Sweep) -> RunStage:  # noqa: ARG002 - see Engine
        """Each stage is a call."""
        return run_directly

    def shown(
        self,
        sweep: Sweep,  # noqa: ARG002 - see Engine
        progress: Progress,  # noqa: ARG002
    ) -> contextlib.AbstractContextManager[object]:
        """Nothing is shown."""
        return contextlib.nullcontext()

    def pace(self, stopping: threading.Event) -> None:
        """Nothing to wait for."""


def run_sweep(
    spec: SweepSpec,
    resume: Resume | None,
    engine: Engine,
    *,
    executor: Executor = LOCAL,
    before_end: Callable[[], None] = load_pandas_soon,
) -> SweepReport:
    """Run a sweep to its end. A refusal is a report like others; nothing was started then.

    `executor` runs its commands. `before_end` is called when the last job begins: it makes ready
    what the caller needs for what it does with the results.
    """
    settings = Settings()
    with contextlib.ExitStack() as stack:
        opening = Sweep.open(
            spec, settings, resume=resume is not None, tell=engine.tell, planner=executor
        )
        try:
            sweep = stack.enter_context(opening)
        except (UsageError, Refused) as refusal:
            return outcome.refused(refusal)
        return _run(sweep, resume or Resume(), _By(engine, executor, before_end))


@dataclass(frozen=True, slots=True)
class _By:
    """What runs a sweep and shows it, and what is called when its last job begins."""

    engine: Engine
    executor: Executor
    before_end: Callable[[], None]


def _run(sweep: Sweep, resume: Resume, by: _By) -> SweepReport:
    prepared = sweep.prepared
    with contextlib.suppress(RecordError):  # the sweep is new
        by.engine.note_earlier(sweep, read_sweep(prepared.paths))
    facts = documents.write_begin(prepared, by.engine.run_id)
    try:
        ends = _run_jobs(sweep, resume, by)
    except Refused as refusal:  # what the jobs share could not be had: none has begun
        documents.write_end(sweep, facts, ExitCode.REFUSED)
        return outcome.refused(refusal)
    best_failed = _wants_best(sweep) and not _deliver_best(sweep)
    states = outcome.count_states(prepared, ends.records)
    step_failed = ends.step_failed or best_failed or _lacks_a_step(sweep)
    code = outcome.exit_code(states, sweep.stop.cause, step_failed=step_failed)
    documents.write_summary(prepared, ends.records)
    documents.write_end(sweep, facts, code)
    return outcome.report(prepared, code, states)


class Ends:
    """Takes in how the jobs end, from all threads: the records, the aggregates, the progress."""

    def __init__(
        self, records: dict[int, JobRecord], aggregate: Incremental, progress: Progress
    ) -> None:
        self.records = records
        self.step_failed = False
        self._aggregate = aggregate
        self._progress = progress

    def add(self, ended: Ended) -> None:
        """One more job has ended; one that only waited, and was stopped, has not."""
        record = ended.record
        if record.state is JobState.PLANNED:
            return
        self.step_failed |= ended.step_failed
        self.records[record.id] = record
        self._aggregate.add(record)
        self._progress.add(record)


def _run_jobs(sweep: Sweep, resume: Resume, by: _By) -> Ends:
    """Run the jobs that are due."""
    records = earlier_records(sweep.prepared)
    with contextlib.closing(Incremental(sweep.paths)) as aggregate:
        _count_earlier(sweep, records.values(), aggregate)
        due = due_jobs(sweep, records, resume)
        _give_back_finished(sweep, due, records)
        total = len(sweep.prepared.jobs)
        progress = Progress(total, finished=total - len(due))
        ends = Ends(records, aggregate, progress)
        stopping = _stopping(sweep, resume)
        with (
            orders.obeyed(sweep),
            by.engine.shown(sweep, progress),
            by.executor.opened(sweep, [one.job for one in due]),
        ):
            _drive(sweep, due, ends, by, stopping)
    return ends


def _stopping(sweep: Sweep, resume: Resume) -> threading.Event:
    """What keeps jobs from being driven. Where they are only to be ended, the sweep stops before
    its executor opens, and what runs is driven to its end all the same."""
    if resume.ends is None:
        return sweep.stop.stopping
    sweep.stop.stop(StopCause.CANCELLED, kill=resume.ends == "kill")
    return threading.Event()


def _give_back_finished(sweep: Sweep, due: Sequence[Due], records: Mapping[int, JobRecord]) -> None:
    indices = {one.job.index for one in due}
    finished = [record for index, record in records.items() if index not in indices]
    adoption.give_back_finished(sweep, finished)


def _count_earlier(sweep: Sweep, records: Collection[JobRecord], aggregate: Incremental) -> None:
    sweep.store.mend_ledger(records)
    for record in records:
        aggregate.add(record)
    sweep.budgets.count_branches(records)


def _drive(
    sweep: Sweep, due: Sequence[Due], ends: Ends, by: _By, stopping: threading.Event
) -> None:
    means = Means(by.executor, by.engine.stages(sweep))

    def run_one(one: Due) -> None:
        by.engine.pace(stopping)
        if one is due[-1]:
            by.before_end()
        ends.add(run_job(sweep.job(one.job.index), one.start, means))

    threads = by.executor.lives(sweep.prepared)
    done = drive.drive(due, run_one, parallel=threads, stopping=stopping, turns=sweep.turns)
    await_end(done, sweep)


def await_end(done: threading.Event, sweep: Sweep) -> None:
    """Wait for the drivers of a sweep's jobs.

    An interrupt asks the jobs to stop and goes on waiting; a second one kills them.
    """
    raised: BaseException | None = None
    while not done.is_set():
        try:
            done.wait(END_LOOK_SECONDS)
        except BaseException as interrupt:  # KeyboardInterrupt, or the worker's TerminationSignal
            sweep.stop.stop(StopCause.INTERRUPTED, kill=raised is not None)
            raised = interrupt
    if raised is not None and not isinstance(raised, KeyboardInterrupt):
        raise raised


def _wants_best(sweep: Sweep) -> bool:
    return sweep.spec.commit_and_pr_best and sweep.stop.cause is None


def _deliver_best(sweep: Sweep) -> bool:
    """One pull request for the winner; its trouble costs the exit code, never the results."""
    done = caught(best.STEP, lambda: best.deliver_best(sweep))
    if isinstance(done, Trouble):
        sweep.misses.add(f"no pull request for the best job: {done.reason}")
    elif done is None or done.pull is None:
        return True
    rebuild(sweep.paths)
    return not isinstance(done, Trouble)


def _lacks_a_step(sweep: Sweep) -> bool:
    """Whether, by the records, a step after some command is missing."""
    if not (sweep.spec.auto_fix_before_pr or sweep.spec.delivers):
        return False
    records = [sweep.store.record(job.index) for job in sweep.prepared.jobs]
    return outcome.lacks_a_step(sweep.spec, records)
