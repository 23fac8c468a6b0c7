"""The alarm ends what is endless."""

import signal
import time
from collections.abc import Iterator

import pytest

from sweeptree.repair.search.harness import alarm


@pytest.fixture(autouse=True)
def _own_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGPROF)
    alarm.install()
    yield
    signal.signal(signal.SIGPROF, before)


def endless(swallowing: bool) -> None:
    for attempt in range(10**9):
        try:
            while True:
                pass
        except BaseException:
            if not swallowing or attempt > 3:
                raise


@pytest.mark.parametrize("swallowing", [False, True])
def test_an_endless_loop_ends(swallowing: bool) -> None:
    with pytest.raises(alarm.OutOfTime), alarm.cpu_limit(0.02):
        endless(swallowing)


def test_no_alarm_comes_after_the_block() -> None:
    with alarm.cpu_limit(0.02):
        pass
    began = time.process_time()
    while time.process_time() - began < 0.05:
        pass
