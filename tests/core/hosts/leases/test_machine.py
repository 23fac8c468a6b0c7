"""Any order of deaths, repeats and late results: nothing is lost, each job is accepted once."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.hosts.leases.kit import SWEEP, TTL, Desk
from sweeptree.hosts.leases.lane_calls import Wish
from sweeptree.hosts.values import EventKind, Leased

NAMES = ("gpu1", "gpu2", "gpu3")
HOSTS = st.sampled_from(NAMES)
JOBS = st.integers(1, 3)


class Hosts(RuleBasedStateMachine):
    """The far side: hosts that run what they were given, forget it, or send it late and twice."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Path(self.folder.name) / "leases.db", lanes=3)
        self.offered: set[int] = set()
        self.cancelled: set[int] = set()
        self.holds: dict[str, set[Leased]] = {}
        self.ever: list[tuple[str, Leased]] = []
        self.boots: Counter[str] = Counter()
        self.given: set[Leased] = set()
        self.accepted: set[Leased] = set()

    def teardown(self) -> None:
        self.settle()
        self.desk.store.close_file()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        for host in NAMES:
            self.join(host)
        self.offer(1)

    @rule(job=JOBS)
    def offer(self, job: int) -> None:
        if job not in self.cancelled:
            self.desk.offer(job)
            self.offered.add(job)

    @rule(host=HOSTS)
    def join(self, host: str) -> None:
        kept = self.desk.join(host, boot=f"b{self.boots[host]}")
        self.holds[host] = set(kept)

    @rule(host=HOSTS, free=st.integers(1, 3), ahead=st.integers(0, 2), lost=st.booleans())
    def lease(self, host: str, free: int, ahead: int, lost: bool) -> None:
        """A lane asks twice under one id; where the answers are lost it does not know its jobs."""
        if host not in self.holds:
            self.join(host)
        request = self.desk.request()
        first, again = (self._ask(host, Wish(free, ahead), request) for _ in range(2))
        assert first == again
        assert not self.given & set(first), "an attempt was given twice"
        self.given |= set(first)
        self.ever += [(host, leased) for leased in first]
        if not lost:
            self.holds[host] |= set(first)

    @rule(host=HOSTS)
    def lapse(self, host: str) -> None:
        """Nobody is heard for a whole term, then a lane that was not there has a free slot."""
        self.desk.later(TTL)
        self.holds.pop(host, None)
        self.lease(host, free=2, ahead=0, lost=False)

    @rule(host=HOSTS)
    def beat(self, host: str) -> None:
        if host in self.holds:
            orders = self.desk.store.beat(SWEEP, host, self.holds[host])
            self.holds[host] -= set(orders.lost)

    @precondition(lambda self: self.ever)
    @rule(data=st.data(), late=st.booleans())
    def finish(self, data: st.DataObject, late: bool) -> None:
        """Any attempt that a host was ever given, however late and how often."""
        fenced = [each for each in self.ever if each[1].attempt < self.newest(each[1].job)]
        host, leased = data.draw(st.sampled_from(fenced if late and fenced else self.ever))
        newest = self.newest(leased.job)
        verdict = self.desk.finish(host, leased)
        if verdict.accepted:
            assert leased.attempt == newest
            self.accepted.add(leased)
        else:
            assert verdict.why
        self.holds.get(host, set()).discard(leased)

    @rule(host=HOSTS, boots=st.booleans())
    def die(self, host: str, boots: bool) -> None:
        """A lane is killed, alone or with its host."""
        self.holds.pop(host, None)
        self.boots[host] += boots

    @rule(seconds=st.sampled_from([0, 5, 100]))
    def restart_server(self, seconds: int) -> None:
        self.desk.restart(seconds)

    @precondition(lambda self: self.offered)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.offered)))
        self.desk.cancel(job)
        self.cancelled.add(job)

    @rule(host=HOSTS)
    def leave(self, host: str) -> None:
        if self.holds.pop(host, None) is not None:
            self.desk.store.leave(SWEEP, host)

    def newest(self, job: int) -> int:
        return max(each.attempt for each in self.given if each.job == job)

    def _ask(self, host: str, wish: Wish, request: str) -> tuple[Leased, ...]:
        return self.desk.store.lease(SWEEP, host, wish, request).leases

    @invariant()
    def each_job_ends_once(self) -> None:
        ends = (EventKind.FINISHED, EventKind.CANCELLED, EventKind.GIVEN_UP)
        ended = Counter(event.job for event in self.desk.events(*ends))
        assert not [job for job, times in ended.items() if times > 1]

    @invariant()
    def what_was_accepted_is_told(self) -> None:
        told = {
            Leased(event.job or 0, event.attempt or 0)
            for event in self.desk.events(EventKind.FINISHED)
        }
        assert told == self.accepted

    @invariant()
    def events_have_no_gap_but_progress(self) -> None:
        seqs = [event.seq for event in self.desk.events()]
        assert seqs == list(range(1, len(seqs) + 1))

    def settle(self) -> None:
        """A host that never dies takes what is left: every job has an end that was told."""
        self.desk.later(3 * TTL)
        self.desk.join("gpu9", slots=9)
        for leased in self.desk.lease("gpu9", free=9):
            assert self.desk.finish("gpu9", leased).accepted
        ends = (EventKind.FINISHED, EventKind.CANCELLED, EventKind.GIVEN_UP)
        assert {event.job for event in self.desk.events(*ends)} == self.offered
        for event in self.desk.events(EventKind.GIVEN_UP):
            assert len(event.payload["hosts"]) >= 2


TestHosts = Hosts.TestCase
TestHosts.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
