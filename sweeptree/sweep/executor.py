"""Where the commands of a sweep run: on this machine, on other hosts, in a cluster's queue.

The one seam for that. `life` asks for a try of a job, and gets back what is known of it then;
worktree, slot, keeper and whatever lies between here and there are the executor's own affair. What
follows a command (fix, branch, pull request) is done here, whoever ran it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sweeptree.model import Job
from sweeptree.sweep.preflight import Planner
from sweeptree.sweep.results import Halt, RunStage, SoFar
from sweeptree.sweep.running import JobContext, Sweep


class Executor(Planner, Protocol):
    """Runs the attempts of a sweep's jobs; see `local.Local` for the plainest one."""

    def opened(self, sweep: Sweep, due: Sequence[Job]) -> contextlib.AbstractContextManager[object]:
        """Make ready what these jobs share, as long as this lasts; before the first of them begins.

        Raises SweeptreeError where it cannot be had; nothing runs then.
        """

    def try_once(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """One try of the job: a new attempt, from a clean worktree to its recorded outcome.

        Without an outcome of it: the sweep is to stop, and the command did not begin.
        """

    def take_over(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """The attempt that an earlier process of this sweep began: waited for, not started again.

        Without an outcome of it: it is lost, and a new one may begin.
        """


@dataclass(frozen=True, slots=True)
class Means:
    """By what a job lives: who runs its commands, and how its stages are run."""

    executor: Executor
    run: RunStage
