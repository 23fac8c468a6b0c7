"""Who may run its command: first come first served, and a stop ends the wait."""

import threading

from sweeptree.sweep.turns import Turn, Turns

WAIT = 20.0


def test_turns_go_to_those_who_waited_longest() -> None:
    turns, order, stopping = Turns(1), list[int](), threading.Event()
    assert turns.take(stopping)

    def wait(number: int) -> None:
        assert turns.take(stopping)
        order.append(number)
        turns.give_back()

    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(turns._waiting) <= number:
            threads[-1].join(0.001)
    turns.give_back()
    for thread in threads:
        thread.join(WAIT)
    assert order == [0, 1, 2, 3]


def test_a_stop_ends_the_wait_for_a_turn_and_costs_none() -> None:
    turns, stopping = Turns(1), threading.Event()
    assert turns.take(stopping)
    stopping.set()
    assert not turns.take(stopping)
    turns.give_back()
    assert turns.take_at_once() and not turns.take_at_once()


def test_a_turn_is_given_back_once_however_often_it_ends() -> None:
    turns, stopping = Turns(1), threading.Event()
    assert turns.begin(stopping)
    turn = Turn(turns)
    assert turn.take(stopping)
    for _ in range(2):
        turn.end()
    turn.leave()
    assert turns.take_at_once() and not turns.take_at_once()


def test_without_turns_there_is_nothing_to_wait_for() -> None:
    turn = Turn(None)
    turn.take_at_once()
    assert turn.take(threading.Event())
    turn.leave()
