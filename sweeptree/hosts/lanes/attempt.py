"""Runs one leased attempt of a job on this host: a single try, under the number of its lease.

Hides: that an attempt which an earlier process of the lane began is taken over, and one that is
not the lane's any more is ended first; that a lost attempt is told as such and not tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from sweeptree import supervise
from sweeptree.hosts.values import Leased
from sweeptree.sweep import adoption, attempts, stages
from sweeptree.sweep.launches import attempt_file
from sweeptree.sweep.local import Local
from sweeptree.sweep.results import Halt, RunStage, SoFar, Trouble, caught
from sweeptree.sweep.running import JobContext


class Content(Protocol):
    """What a job changed, as a commit in the host's repository; `left_out`: what that lacks."""

    @property
    def commit(self) -> str: ...

    @property
    def left_out(self) -> tuple[str, ...]: ...


KeepContent = Callable[[JobContext, SoFar], Content | None]


class OneAttempt(Local):
    """The executor of one lease; `came` is what is known of it afterwards.

    `keep_content` is asked about a worktree whose command succeeded, before it goes back to the
    pool; None: nobody wants it.
    """

    def __init__(self, leased: Leased, keep_content: KeepContent | None) -> None:
        self.leased = leased
        self.came: SoFar | Halt | None = None
        self.content: Content | None = None
        self._keep_content = keep_content

    def take_over(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """The attempt that is on disk already: waited for if it is the leased one, else ended."""
        number = attempts.last_attempt(job, so_far)
        if number != self.leased.attempt:
            return self._end_earlier(job, so_far, run)

        came = super().take_over(job, so_far, run)
        is_lost = isinstance(came, SoFar) and came.outcome is None
        return self._noted(job, _lost(came) if is_lost else came)

    def try_once(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        """The leased attempt, from a clean worktree on; one that has ended is not run again."""
        number = self.leased.attempt
        if adoption.has_ended(job, number):
            ended = so_far.on_attempt(number)
            return self._noted(job, adoption.take_up_ended(job, ended))

        before = replace(
            so_far,
            attempt=number - 1,
            gpu_memory=self.leased.gpu_memory,
        )
        came = super().try_once(job, before, run)
        return self._noted(job, came)

    def _end_earlier(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        earlier = adoption.on_last_attempt(job, so_far)
        alive = attempt_file(job, earlier, "alive")
        outcome = attempt_file(job, earlier, "outcome")
        supervise.adopt(alive, outcome).kill()

        came = super().take_over(job, so_far, run)
        if isinstance(came, Halt):
            return came
        finished = caught("finish", lambda: stages.finish(job, came))
        if isinstance(finished, Trouble):
            return Halt(came, finished)
        return so_far

    def _noted(self, job: JobContext, came: SoFar | Halt) -> SoFar | Halt:
        """No try is forgiven, so there is no other one: the driver says whether to go on."""
        if isinstance(came, SoFar):
            only = replace(came, forgiven=())
            came = self._with_content(job, only)
        self.came = came
        return came

    def _with_content(self, job: JobContext, came: SoFar) -> SoFar | Halt:
        keep = self._keep_content
        if keep is None or not came.has_succeeded:
            return came
        content = caught("commit on the host", lambda: keep(job, came))
        if isinstance(content, Trouble):
            return Halt(came, content)
        self.content = content
        return came


def _lost(came: SoFar | Halt) -> SoFar | Halt:
    """The attempt has no end of its own: its keeper died."""
    if isinstance(came, Halt):
        return came
    return replace(came, outcome=supervise.lost_outcome())
