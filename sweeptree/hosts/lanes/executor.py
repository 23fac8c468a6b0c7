"""Runs the jobs of a sweep on hosts: each host's lane leases them, runs them and sends them back.

Hides where a job is, and how the lanes hear that nothing more is to begin. What follows its command
is done here, by the sweep, as for any other job.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from sweeptree.errors import Refused
from sweeptree.hosts.lanes.beginning import drained
from sweeptree.hosts.lanes.following import Ground, follow
from sweeptree.hosts.lanes.planning import OnHosts
from sweeptree.model import Job
from sweeptree.sweep import attempts, retries, stages
from sweeptree.sweep.results import Halt, RunStage, SoFar, Trouble, caught
from sweeptree.sweep.running import JobContext, Sweep

MakeGround = Callable[[Sweep, Sequence[Job]], contextlib.AbstractContextManager[Ground]]


class Lanes(OnHosts):
    """See `sweep.executor.Executor`. Used for one sweep."""

    def __init__(self, planner: OnHosts, make_ground: MakeGround) -> None:
        """`make_ground` sends the code, starts the lanes and ends them: see `fleet`."""
        super().__init__(planner.stations, planner.config)
        self._make_ground = make_ground
        self._ground: Ground | None = None

    @contextlib.contextmanager
    def opened(self, sweep: Sweep, due: Sequence[Job]) -> Iterator[None]:
        """The lanes, from their start to their end."""
        with self._make_ground(sweep, due) as ground, drained(ground.leases, sweep.stop):
            self._ground = ground
            yield

    def try_once(
        self,
        job: JobContext,
        so_far: SoFar,
        run: RunStage,  # noqa: ARG002 - its stages are task runs of the lane
    ) -> SoFar | Halt:
        """A further attempt, wherever there is a slot."""
        finished = caught("finish", lambda: self._give_back(job, so_far))
        if isinstance(finished, Trouble):
            return Halt(so_far, finished)
        if not self._ground_of_all().first.admit(job):
            return so_far
        return self._follow(job, so_far, attempts.last_attempt(job, so_far))

    def take_over(
        self,
        job: JobContext,
        so_far: SoFar,
        run: RunStage,  # noqa: ARG002
    ) -> SoFar | Halt:
        """The attempt goes on where it is, or has its result there."""
        return self._follow(job, so_far, attempts.last_attempt(job, so_far) - 1)

    def _give_back(self, job: JobContext, so_far: SoFar) -> None:
        if so_far.worktree is not None:
            stages.finish(job, so_far)

    def _follow(self, job: JobContext, so_far: SoFar, before: int) -> SoFar | Halt:
        came = follow(self._ground_of_all(), job, so_far, before)
        return came if isinstance(came, Halt) else retries.forgiving(came, job.sweep.prepared)

    def _ground_of_all(self) -> Ground:
        if self._ground is None:
            raise Refused("the lanes have not been started")
        return self._ground
