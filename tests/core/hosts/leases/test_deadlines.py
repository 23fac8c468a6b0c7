"""Terms, and the grace after having been away."""

from __future__ import annotations

import pytest

from core.hosts.leases.kit import Clock
from sweeptree.hosts.leases.deadlines import Deadlines, Key, steady_clock

LANE = Key("s", "gpu1", None)
JOB = Key("s", None, 1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deadlines(clock: Clock) -> Deadlines:
    return Deadlines(clock, 20.0, [LANE])


def pass_time(clock: Clock, deadlines: Deadlines, seconds: int) -> list[Key]:
    passed: list[Key] = []
    for _ in range(seconds):
        clock.now += 1
        passed += deadlines.passed()
    return passed


def test_what_is_known_at_the_start_has_a_whole_term(clock: Clock, deadlines: Deadlines) -> None:
    assert pass_time(clock, deadlines, 19) == []
    assert pass_time(clock, deadlines, 1) == [LANE]
    assert pass_time(clock, deadlines, 100) == []


def test_each_key_has_its_own_end(clock: Clock, deadlines: Deadlines) -> None:
    pass_time(clock, deadlines, 10)
    deadlines.extend(JOB)
    assert pass_time(clock, deadlines, 10) == [LANE]
    deadlines.extend(LANE)
    assert pass_time(clock, deadlines, 10) == [JOB]
    deadlines.drop(LANE)
    assert pass_time(clock, deadlines, 50) == []


def test_who_did_not_look_for_a_term_was_away(clock: Clock, deadlines: Deadlines) -> None:
    clock.now += 1000
    assert deadlines.passed() == []
    assert pass_time(clock, deadlines, 19) == []
    assert pass_time(clock, deadlines, 1) == [LANE]


def test_who_waits_looks_before_it_would_count_as_away(clock: Clock, deadlines: Deadlines) -> None:
    assert deadlines.seconds_left() == 5.0
    pass_time(clock, deadlines, 18)
    assert deadlines.seconds_left() == 2.0
    clock.now += 5
    assert deadlines.seconds_left() == 0.0
    deadlines.passed()
    assert deadlines.seconds_left() == 5.0


def test_the_clock_never_goes_back() -> None:
    first = steady_clock()
    assert steady_clock() >= first
