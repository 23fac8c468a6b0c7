"""The driver: every job once, never more than `parallel` at a time, no more after a stop."""

import threading

import pytest

from sweeptree.errors import SweeptreeError
from sweeptree.sweep.drive import drive
from sweeptree.sweep.turns import Turns

WAIT = 20.0


def test_every_job_runs_exactly_once() -> None:
    ran: list[int] = []
    assert drive(range(50), ran.append, parallel=4, stopping=threading.Event()).wait(WAIT)
    assert sorted(ran) == list(range(50))


def test_never_more_than_parallel_at_once() -> None:
    guard, now, most = threading.Lock(), [0], [0]
    together = threading.Barrier(3)

    def chain(_: int) -> None:
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait(WAIT)
        with guard:
            now[0] -= 1

    assert drive(range(12), chain, parallel=3, stopping=threading.Event()).wait(WAIT)
    assert most[0] == 3


def test_a_stop_ends_after_the_chains_that_run() -> None:
    stopping, ran = threading.Event(), list[int]()

    def chain(job: int) -> None:
        ran.append(job)
        if job == 2:
            stopping.set()

    assert drive(range(100), chain, parallel=1, stopping=stopping).wait(WAIT)
    assert ran == [0, 1, 2]


def test_no_jobs_end_at_once() -> None:
    assert drive([], print, parallel=4, stopping=threading.Event()).wait(WAIT)


@pytest.mark.parametrize("allowed", [0, 2])
def test_where_threads_are_refused_fewer_do_all_the_work(
    monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    start, left, ran = threading.Thread.start, [allowed], list[int]()

    def refuse(thread: threading.Thread) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    if not allowed:
        with pytest.raises(SweeptreeError, match="no thread could be started"):
            drive(range(5), ran.append, parallel=4, stopping=threading.Event())
        return
    assert drive(range(5), ran.append, parallel=4, stopping=threading.Event()).wait(30)
    assert sorted(ran) == list(range(5))


@pytest.mark.parametrize(("count", "ahead"), [(1, 1), (1, 3), (2, 1), (3, 0)])
def test_chains_beyond_the_turns_make_ready_and_none_begins_before_its_turn_may_come(
    count: int, ahead: int
) -> None:
    turns, stopping, guard = Turns(count, ahead), threading.Event(), threading.Lock()
    started, now, most = list[int](), {"ready": 0, "runs": 0}, {"ready": 0, "runs": 0}

    def change(what: str, by: int) -> None:
        with guard:
            now[what] += by
            most[what] = max(most[what], now[what])

    def chain(job: int) -> None:
        change("ready", 1)
        assert turns.take(stopping)
        change("ready", -1)
        turns.ready()
        change("runs", 1)
        started.append(job)
        change("runs", -1)
        turns.give_back()

    threads = count + ahead
    assert drive(range(40), chain, parallel=threads, stopping=stopping, turns=turns).wait(WAIT)
    assert sorted(started) == list(range(40))
    assert most["runs"] <= count and most["ready"] <= max(count, ahead)
    assert started == sorted(started) or max(count, ahead) > 1
