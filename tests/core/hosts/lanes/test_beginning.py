"""What keeps jobs on hosts from beginning."""

from __future__ import annotations

import threading
from pathlib import Path

from core.hosts.lanes.script import Server
from core.hosts.leases.http_kit import wait_for
from core.sweep.kit import opened
from sweeptree.hosts.lanes.beginning import FirstJobs, drained
from sweeptree.hosts.values import Order
from sweeptree.model import JobRecord, JobState, StopCause
from sweeptree.sweep.running import Sweep
from sweeptree.sweep.stopping import StopSwitch


class Asking:
    """Asks for jobs, each in a thread of its own."""

    def __init__(self, sweep: Sweep, jobs: int) -> None:
        self.admitted: list[int] = []
        self._sweep = sweep
        self.first = FirstJobs()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(jobs)]
        for thread in self._threads:
            thread.start()

    def await_admitted(self, many: int) -> None:
        wait_for(lambda: len(self.admitted) == many)

    def end(self) -> int:
        """How many were admitted in all."""
        for thread in self._threads:
            thread.join(60)
        return len(self.admitted)

    def _ask(self, index: int) -> None:
        if self.first.admit(self._sweep.job(index)):
            self.admitted.append(index)


def failed(index: int) -> JobRecord:
    return JobRecord(id=index, cmd="x", state=JobState.FAILED, exit_code=3)


def test_lanes_are_told_once_when_nothing_more_is_to_begin() -> None:
    server, stop = Server(lambda server, offer: None), StopSwitch()
    with drained(server, stop):
        stop.start_no_more(StopCause.FAILED_ALIKE)
        wait_for(lambda: server.orders == [Order.DRAIN])
    assert server.orders == [Order.DRAIN]


def test_a_sweep_that_ends_by_itself_tells_them_nothing() -> None:
    server, stop = Server(lambda server, offer: None), StopSwitch()
    with drained(server, stop):
        pass
    stop.start_no_more()
    assert server.orders == []


def test_while_the_first_may_stop_it_no_more_are_offered_than_run_at_once(repo: Path) -> None:
    with opened(repo, *["x"] * 6, parallel=2, stop_after_same=2) as sweep:
        asking = Asking(sweep, 6)
        asking.await_admitted(2)
        sweep.first_failures.add(failed(0), "oops")
        asking.await_admitted(3)
        assert sweep.first_failures.add(failed(1), "oops")
        sweep.stop.start_no_more(StopCause.FAILED_ALIKE)
        assert asking.end() == 3


def test_once_it_is_settled_all_are_offered(repo: Path) -> None:
    with opened(repo, *["x"] * 6, parallel=2, stop_after_same=3) as sweep:
        asking = Asking(sweep, 6)
        asking.await_admitted(2)
        sweep.first_failures.add(failed(0).model_copy(update={"state": JobState.SUCCEEDED}), "")
        assert asking.end() == 6


def test_another_try_of_a_job_is_no_further_job(repo: Path) -> None:
    first = FirstJobs()
    with opened(repo, *["x"] * 3, parallel=1, stop_after_same=3) as sweep:
        assert first.admit(sweep.job(0))
        assert first.admit(sweep.job(0))
        sweep.stop.start_no_more()
        assert not first.admit(sweep.job(1))


def test_one_that_succeeded_on_its_host_settles_it_before_its_files_are_here(repo: Path) -> None:
    with opened(repo, *["x"] * 6, parallel=2, stop_after_same=3) as sweep:
        asking = Asking(sweep, 6)
        asking.await_admitted(2)
        asking.first.open()
        assert asking.end() == 6
