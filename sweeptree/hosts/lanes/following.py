"""One job over hosts, from its offer to its recorded end, as its events tell.

Hides: that an attempt may be given to another lane while it is waited for, that events of earlier
drivers come again, and that a job which nobody has begun yet is taken back when the sweep stops:
as on one machine it has not been started then, and `resume` runs it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.clock import Clock
from sweeptree.hosts.lanes.accepting import accept
from sweeptree.hosts.lanes.beginning import FirstJobs
from sweeptree.hosts.lanes.came import Came, from_payload
from sweeptree.hosts.lanes.mailbox import Mailbox
from sweeptree.hosts.lanes.values import Carrier, LeaseCalls
from sweeptree.hosts.values import Event, EventKind, Offer, Order
from sweeptree.model import Attempt, JobState, Outcome
from sweeptree.supervise import lost_outcome
from sweeptree.sweep import attempts, stages
from sweeptree.sweep.attempts import Started
from sweeptree.sweep.results import Halt, Ran, SoFar, Trouble, caught
from sweeptree.sweep.running import JobContext
from sweeptree.system.clock import utc_now

LOOK_SECONDS = 0.2  # between looks at a stop


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What all jobs of a sweep over hosts share."""

    leases: LeaseCalls
    mailbox: Mailbox
    carriers: Mapping[str, Carrier]
    first: FirstJobs = field(default_factory=FirstJobs)
    clocks: Mapping[str, Clock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """A job on whatever host it is, within reach of the sweep's stop switch."""

    ground: Ground
    job: int

    def stop(self) -> None:
        """Its lane asks it to end."""
        _soon(partial(self.ground.leases.cancel, [self.job]))

    def kill(self) -> None:
        """Its lane ends it at once, and all others of the sweep, which stops as a whole."""
        _soon(partial(self.ground.leases.order, Order.KILL))


def _soon(call: Callable[[], None]) -> None:
    """Ask the lease server without waiting: it may be away, and the caller has others to stop."""

    def ask() -> None:
        with contextlib.suppress(SweeptreeError):  # the sweep is over
            call()

    threading.Thread(target=ask, name="order to a lane", daemon=True).start()


def follow(ground: Ground, job: JobContext, so_far: SoFar, before: int) -> SoFar | Halt:
    """Offer a job of which `before` attempts have ended, and follow it until one more has.

    Without an outcome: the sweep is to stop, and no lane has begun it.
    """
    following = _Following(ground, job, so_far, before, so_far)
    asked = caught("command", following.offer)
    if isinstance(asked, Trouble):
        return Halt(so_far, asked)
    return following.to_the_end()


@dataclass(slots=True)
class _Following:
    """A job while it is followed; `host`: who has it, None: nobody; `offered`: as it was before any
    lane had it."""

    ground: Ground
    job: JobContext
    so_far: SoFar
    before: int
    offered: SoFar
    host: str | None = None
    begun: Event | None = None
    is_taken_back: bool = False
    end: SoFar | Halt | None = field(default=None)

    def offer(self) -> None:
        """Let it be due. Raises SweeptreeError."""
        gpus = self.job.spec.gpus or 0
        self.ground.leases.offer([Offer(self.job.index, self.before, gpus, self.so_far.gpu_memory)])

    def to_the_end(self) -> SoFar | Halt:
        reach = _Reach(self.ground, self.job.index)
        with self.job.sweep.stop.within_reach(reach):
            while self.end is None:
                self._look()
        return self.end

    def _look(self) -> None:
        event = self.ground.mailbox.next(self.job.index, LOOK_SECONDS)
        if event is None:
            self._take_back_if_stopping()
        elif self._is_news(event):
            done = caught("command", lambda: self._take(event))
            if isinstance(done, Trouble):
                self.end = Halt(self.so_far, done)

    def _take_back_if_stopping(self) -> None:
        """What no lane has begun is not begun any more."""
        if self.host is not None or self.is_taken_back:
            return
        if self.job.sweep.stop.stopping.is_set():
            self.is_taken_back = True
            _soon(partial(self.ground.leases.cancel, [self.job.index]))

    def _is_news(self, event: Event) -> bool:
        """Events of attempts that have ended come again; so do verdicts on earlier offers."""
        if event.attempt is None:
            return event.seq > self.ground.mailbox.earlier
        return event.attempt > self.before

    def _take(self, event: Event) -> None:
        act = _ACTS.get(event.kind)
        if act is not None:
            act(self, event)

    def leased(self, event: Event) -> None:
        """A lane has the job: its record says where, before anything is known of it."""
        assert event.attempt is not None
        number = event.attempt
        self._begin_attempt(number)
        self.host = event.host
        if self._noted(number) is None:
            stages.put_aside(self.job, number - 1)
        stages.record_plan(self.job, None, event.host)
        begun = self.begun
        if begun is not None and begun.attempt == number:
            self.started(begun)  # it was thought lost, and went on

    def _noted(self, number: int) -> Attempt | None:
        """An attempt as the record has it, whose files are here then."""
        attempts = self.job.record.attempts
        found = (each for each in attempts if each.number == number)
        return next(found, None)

    def _begin_attempt(self, number: int) -> None:
        """A lease that is followed by another one costs no try of the job's."""
        is_first = self.so_far.attempt <= self.before
        tries = self.so_far.tries + is_first
        self.so_far = replace(self.so_far, attempt=number, tries=tries, worktree=None)

    def started(self, event: Event) -> None:
        """Its command runs."""
        if self.host is None:  # told by a lane that had it before this driver began
            self.leased(event)
        self.begun = event
        told = event.payload
        began = self._clock(event).here(_text(told.get("start_time"))) or utc_now()
        gpus = map(str, told.get("gpus") or ())
        start = Started(began, tuple(gpus))
        attempts.record_start(self.job, self.so_far, start)
        self._carrier(event).follow(self.job)

    def due_again(self, event: Event) -> None:
        """The attempt is lost, or did not begin; another lane gets the job."""
        assert event.attempt is not None
        self._stop_following()
        if _is_unbegun(event):
            self._forget_lease()
            return
        why = str(event.payload.get("why") or lost_outcome().reason)
        number = event.attempt
        noted = self._noted(number) or Attempt(number=number, state=JobState.LOST)
        ended = {"state": JobState.LOST, "reason": why, "end_time": utc_now()}
        lost = noted.model_copy(update=ended)
        tries = attempts.with_attempt(self.job, lost)
        self.job.store.update(
            self.job.index,
            state=JobState.LOST,
            reason=why,
            attempts=tries,
        )
        self.host = None

    def finished(self, event: Event) -> None:
        """What came of it is brought here and recorded."""
        assert event.attempt is not None
        if self.host is None:
            self.leased(event)
        self._stop_following()
        came = from_payload(event.payload)
        if came.state is JobState.SUCCEEDED:
            self.ground.first.open()
        ran = accept(self._carrier(event), self.job, self.so_far, came, self._clock(event))
        if isinstance(ran, Trouble):
            self.end = Halt(self.so_far, ran)
        elif self._was_ended_earlier(event, came):
            self._offer_again(event.attempt)
        else:
            self.end = self.so_far.after_command(ran)

    def _was_ended_earlier(self, event: Event, came: Came) -> bool:
        """Whether an earlier driver had it ended, and died before it could record that: who goes on
        with a sweep runs what was cancelled."""
        is_earlier = event.seq <= self.ground.mailbox.earlier
        is_stopping = self.job.sweep.stop.stopping.is_set()
        return came.state is JobState.CANCELLED and is_earlier and not is_stopping

    def _offer_again(self, ended: int) -> None:
        """The next attempt, behind one that is recorded now."""
        self.before = ended
        self.begun = None
        self._forget_lease()
        self.offer()

    def ended_without(self, event: Event) -> None:
        """No lane runs it: cancelled, or nobody can, or nobody shall any more."""
        self._stop_following()
        if self._was_not_begun(event):
            self._taken_back(event)
            return
        self._begin_attempt(max(self.so_far.attempt, self.before + 1))
        outcome = _verdict(event)
        host = event.host or self.job.record.host
        stages.record_plan(self.job, None, host)
        ran: Ran = attempts.record_outcome(self.job, self.so_far, outcome)
        self.end = self.so_far.after_command(ran)

    def _was_not_begun(self, event: Event) -> bool:
        """Whether the end of a job that no lane has begun is none. When a sweep stops, lanes leave
        before their jobs are taken back, and nobody is left then who could run them."""
        is_unbegun = self.so_far.attempt <= self.before or _is_unbegun(event)
        is_stopping = self.job.sweep.stop.stopping.is_set()
        is_left = event.kind is EventKind.UNPLACEABLE and is_stopping
        return is_unbegun and (event.kind is EventKind.CANCELLED or is_left)

    def _taken_back(self, event: Event) -> None:
        """It has not begun; where an earlier driver wanted that, it is due again."""
        self._forget_lease()
        if event.seq <= self.ground.mailbox.earlier:
            return
        if self.job.sweep.stop.stopping.is_set():
            self.end = self.so_far
        else:
            self.offer()

    def _forget_lease(self) -> None:
        """As if no lane had had the job: the record says `planned` since it was leased."""
        self.host = None
        self.so_far = self.offered

    def _stop_following(self) -> None:
        carrier = self.ground.carriers.get(self.host or "")
        if carrier is not None:
            carrier.unfollow(self.job)

    def _carrier(self, event: Event) -> Carrier:
        host = event.host or ""
        if host not in self.ground.carriers:
            raise SweeptreeError(
                f"job {self.job.index} is on {host}, which this run does not use",
                hint=f"sweeptree hosts check {host}",
            )
        return self.ground.carriers[host]

    def _clock(self, event: Event) -> Clock:
        host = event.host or ""
        return self.ground.clocks.get(host, Clock(host))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_unbegun(event: Event) -> bool:
    """Whether the lane gave the attempt back before its command began."""
    return event.payload.get("unbegun") is True


def _verdict(event: Event) -> Outcome:
    cancelled = event.kind is EventKind.CANCELLED
    return replace(
        lost_outcome(),
        state=JobState.CANCELLED if cancelled else JobState.FAILED,
        reason=str(event.payload.get("why") or "cancelled"),
    )


_ACTS: dict[EventKind, Callable[[_Following, Event], None]] = {
    EventKind.LEASED: _Following.leased,
    EventKind.STARTED: _Following.started,
    EventKind.DUE_AGAIN: _Following.due_again,
    EventKind.FINISHED: _Following.finished,
    EventKind.CANCELLED: _Following.ended_without,
    EventKind.GIVEN_UP: _Following.ended_without,
    EventKind.UNPLACEABLE: _Following.ended_without,
}
