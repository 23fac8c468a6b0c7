"""A sweep waits for the events that it has made, but for no server that takes none."""

from __future__ import annotations

import queue
import threading

from prefect.events.clients import PrefectEventsClient
from prefect.events.worker import EventsWorker

from sweeptree.engine.pace import MOST, Pace


class Backlog:
    """Says how many events wait, and counts how often it was asked; the last number stays."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0]


def test_a_short_backlog_is_not_waited_for() -> None:
    backlog = Backlog(MOST)
    Pace(backlog).keep(threading.Event())
    assert backlog.asked == 1


def test_a_long_backlog_is_waited_for_until_it_is_short() -> None:
    backlog = Backlog(MOST * 4, MOST * 4, MOST * 2, MOST)
    Pace(backlog).keep(threading.Event())
    assert backlog.asked == 4


def test_a_server_that_takes_nothing_holds_up_one_job_and_not_the_next() -> None:
    backlog, patient = Backlog(MOST + 1), 0.05
    pace = Pace(backlog, patience=patient)
    pace.keep(threading.Event())
    asked = backlog.asked
    pace.keep(threading.Event())
    assert asked > 1 and backlog.asked == asked


def test_a_sweep_that_is_to_stop_does_not_wait() -> None:
    stopping = threading.Event()
    stopping.set()
    Pace(Backlog(MOST + 1)).keep(stopping)


def test_prefect_keeps_its_events_where_we_look() -> None:
    assert isinstance(EventsWorker(PrefectEventsClient, ())._queue, queue.Queue)
