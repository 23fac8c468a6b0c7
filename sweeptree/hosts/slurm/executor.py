"""Runs the jobs of a sweep on a Slurm cluster; see `sweep.executor`.

All jobs that are due are submitted at once, as arrays, so that the driver may die: `resume` finds
them again. Hides which task of which array a job is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sweeptree.hosts.slurm import landing
from sweeptree.hosts.slurm.endings import Traces
from sweeptree.hosts.slurm.planning import OnSlurm
from sweeptree.hosts.slurm.queue import Queue
from sweeptree.hosts.slurm.submitting import Desk
from sweeptree.hosts.slurm.waiting import await_end
from sweeptree.model import Job
from sweeptree.sweep import adoption, attempts, retries, stages
from sweeptree.sweep.results import (
    Halt,
    Lost,
    Ran,
    RunStage,
    SoFar,
    Stage,
    Trouble,
    caught,
)
from sweeptree.sweep.running import JobContext, Sweep


class Slurm(OnSlurm):
    """The executor. It serves one sweep at a time."""

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._run: Stage[Ran | Lost] = Stage(
            "run-command", "command", self._begin, opens=True, title="run"
        )
        self._adopt: Stage[Ran | Lost] = replace(adoption.ADOPT_COMMAND, act=self._await)

    @contextlib.contextmanager
    def opened(self, sweep: Sweep, due: Sequence[Job]) -> Iterator[None]:
        """Submit them, but for those that an earlier process has submitted."""
        desk = Desk(sweep)
        queue = Queue(sweep.stop, desk.is_done, desk.has_begun)
        with queue, sweep.stop.within_reach(queue):
            desk.open(queue, due)
            self._desk = desk
            yield
            desk.close()

    def try_once(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """One task of an array, through all attempts that Slurm makes of it."""
        if so_far.outcome is not None:
            finished = caught("finish", lambda: stages.finish(job, so_far))
            if isinstance(finished, Trouble):
                return Halt(so_far, finished)
        new = so_far.on_attempt(attempts.last_attempt(job, so_far) + 1)
        return self._lived(job, new, run, self._run)

    def take_over(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """The same of a task that an earlier process has submitted, and that has begun."""
        so_far = adoption.on_last_attempt(job, so_far)
        return self._lived(job, so_far, run, self._adopt)

    def _lived(
        self, job: JobContext, so_far: SoFar, run: RunStage, stage: Stage[Ran | Lost]
    ) -> SoFar | Halt:
        ran = run(stage, job, so_far)
        if isinstance(ran, Trouble):
            return Halt(so_far, ran)
        if isinstance(ran, Lost):
            return so_far
        last = replace(so_far, attempt=attempts.last_attempt(job, so_far))
        return retries.forgiving(last.after_command(ran), job.sweep.prepared)

    def _begin(self, job: JobContext, so_far: SoFar) -> Ran | Lost:
        stages.record_plan(job, None, host=None)
        return self._await(job, so_far)

    def _await(self, job: JobContext, so_far: SoFar) -> Ran | Lost:
        """`Lost` also where the sweep is to stop before the task has begun."""
        assert self._desk is not None
        task = self._desk.task_of(job, so_far.attempt)
        if task is None:
            return self._without_task(job, so_far)
        ended = await_end(job, so_far, task, self._desk.queue)
        if ended.ending is None:
            return Lost(so_far.attempt)
        return landing.land(job, ended.so_far, ended.ending)

    def _without_task(self, job: JobContext, so_far: SoFar) -> Ran | Lost:
        """An attempt that no array tells of was begun here, before the sweep went to a cluster."""
        if Traces(job.paths, job.index).has_begun(so_far.attempt):
            return adoption.adopt(job, so_far)
        return Lost(so_far.attempt)
