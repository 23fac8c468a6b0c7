"""What a lane holds, and what it wants."""

from __future__ import annotations

import threading

from sweeptree.hosts.lanes.holdings import Holdings, Want
from sweeptree.hosts.values import Leased

ONE, TWO, THREE = Leased(1, 1), Leased(2, 1), Leased(3, 4)


def wants(holdings: Holdings) -> Want:
    return holdings.await_want(0.0, ahead=True)


def test_each_slot_has_a_job_that_runs_and_one_ahead() -> None:
    holdings = Holdings(2)
    assert wants(holdings) == Want(2, 2)
    holdings.add([ONE])
    assert wants(holdings) == Want(1, 2)
    holdings.add([TWO, THREE])
    assert wants(holdings) == Want(0, 1)
    holdings.add([Leased(4, 1)])
    assert wants(holdings) == Want(0, 0)
    assert holdings.take() == ONE
    assert wants(holdings) == Want(0, 0)
    holdings.ended(ONE)
    assert wants(holdings) == Want(0, 1)


def test_what_is_held_is_named_until_it_is_told() -> None:
    holdings = Holdings(2)
    holdings.add([ONE, TWO])
    holdings.take()
    assert set(holdings.named()) == {ONE, TWO}
    assert holdings.running() == (ONE,)
    holdings.ended(ONE)
    assert set(holdings.named()) == {ONE, TWO}
    holdings.told(ONE)
    assert holdings.named() == (TWO,)


def test_a_job_that_is_held_is_not_taken_twice() -> None:
    holdings = Holdings(2)
    holdings.hold_untold([ONE])
    holdings.add([TWO, THREE])
    holdings.take()
    holdings.give_back_waiting()
    holdings.add([ONE, TWO, THREE])
    assert wants(holdings) == Want(1, 2)
    assert holdings.take_returned() == (THREE,)
    assert not holdings.await_rest(0.0)


def test_what_waits_can_be_given_back_or_dropped_alone() -> None:
    holdings = Holdings(1)
    holdings.add([ONE, TWO, THREE])
    holdings.give_back_waiting([2, 9])
    holdings.drop([THREE])
    assert (holdings.named(), holdings.take_returned()) == ((ONE,), (TWO,))


def test_who_waits_for_a_job_is_told_when_there_will_be_none() -> None:
    holdings = Holdings(1)
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(holdings.take()))
    thread.start()
    holdings.close()
    thread.join(20)
    assert (found, holdings.has_more(), wants(holdings)) == ([None], False, Want(0, 0))


def test_what_still_waits_is_given_out_after_the_end() -> None:
    holdings = Holdings(1)
    holdings.add([ONE])
    holdings.close()
    assert holdings.has_more()
    assert holdings.take() == ONE
    holdings.give_back(ONE)
    assert holdings.take_returned() == (ONE,)
    assert holdings.await_rest(0.0)


def test_who_waits_for_a_free_slot_alone_hears_of_it_at_once() -> None:
    holdings = Holdings(1)
    holdings.add([ONE])
    holdings.take()
    assert holdings.await_want(0.0, ahead=False) == Want(0, 1)
    ending = threading.Thread(target=lambda: holdings.ended(ONE))
    ending.start()
    assert holdings.await_want(60.0, ahead=False) == Want(1, 1)
    ending.join()


def test_what_an_earlier_life_may_have_begun_is_taken_up_whatever_goes_back() -> None:
    holdings = Holdings(2)
    holdings.add([ONE], may_run=True)
    holdings.add([TWO])
    holdings.give_back_waiting()
    assert (holdings.named(), holdings.take_returned()) == ((ONE,), (TWO,))
    holdings.give_back_rest()
    assert (holdings.named(), holdings.take_returned()) == ((), (ONE,))
