"""Runs the jobs of a sweep on this machine: a worktree, a turn or a GPU, a keeper.

Hides: that a command waits for its turn only once its worktree stands ready.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sweeptree.model import Job
from sweeptree.sweep import adoption, attempts, retries, stages
from sweeptree.sweep.preflight import OnThisMachine
from sweeptree.sweep.results import Halt, Lost, RunStage, SoFar, Trouble, caught
from sweeptree.sweep.running import JobContext, Sweep


class Local(OnThisMachine):
    """The executor that needs nothing but this machine; see `executor.Executor`."""

    def opened(
        self,
        sweep: Sweep,  # noqa: ARG002 - see Executor
        due: Sequence[Job],  # noqa: ARG002
    ) -> contextlib.AbstractContextManager[object]:
        """Nothing is to be made ready for the jobs together."""
        return contextlib.nullcontext()

    def take_over(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """An attempt that an earlier run started: waited for, not started again."""
        so_far = adoption.on_last_attempt(job, so_far)
        ran = run(adoption.ADOPT_COMMAND, job, so_far)
        if isinstance(ran, Trouble):
            return Halt(so_far, ran)
        if isinstance(ran, Lost):
            return so_far
        return retries.forgiving(so_far.after_command(ran), job.sweep.prepared)

    def try_once(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """A clean worktree, then the command."""
        if so_far.outcome is not None:
            finished = caught("finish", lambda: stages.finish(job, so_far))
            if isinstance(finished, Trouble):
                return Halt(so_far, finished)
        new = so_far.on_attempt(attempts.last_attempt(job, so_far) + 1)
        prepared = run(stages.CREATE_WORKTREE, job, new)
        if isinstance(prepared, Trouble):
            return Halt(new, prepared)
        new = new.with_worktree(prepared.worktree)
        if not _take_turn(job):
            return new
        ran = run(stages.RUN_COMMAND, job, new)
        if isinstance(ran, Trouble):
            return Halt(new, ran)
        return retries.forgiving(new.after_command(ran), job.sweep.prepared)


def _take_turn(job: JobContext) -> bool:
    """Wait until the job's command may run. False when the sweep is to stop instead."""
    return job.turn.take(job.sweep.stop.stopping) and job.sweep.await_room()


LOCAL = Local()
