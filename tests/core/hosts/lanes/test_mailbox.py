"""Events reach the job that they are of, once, in order, also when the server was away."""

from __future__ import annotations

from collections.abc import Sequence

from sweeptree.errors import ServerError
from sweeptree.hosts.lanes.mailbox import Mailbox
from sweeptree.hosts.values import Event, EventKind, Offer, Order


def event(seq: int, job: int | None, kind: EventKind = EventKind.LEASED) -> Event:
    return Event(seq, kind, job, None if job is None else 1, "gpu1", {})


class Leases:
    """Answers with these lists, one a call; None: the server is away."""

    def __init__(self, *answers: Sequence[Event] | None) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []

    def offer(self, offers: Sequence[Offer]) -> None:
        raise AssertionError(offers)

    def cancel(self, jobs: Sequence[int]) -> None:
        raise AssertionError(jobs)

    def order(self, order: Order) -> None:
        raise AssertionError(order)

    def collect(self, after: int, wait: float) -> Sequence[Event]:
        assert wait >= 0
        self.asked.append(after)
        answer = self.answers.pop(0) if self.answers else []
        if answer is None:
            raise ServerError("the server is away")
        return answer


def test_what_happened_before_is_told_apart_from_news() -> None:
    leases = Leases([event(1, 0), event(2, 1)], [], [event(3, 0)])
    with Mailbox(leases, lambda _: None).open() as mailbox:
        assert mailbox.earlier == 2
        first, second = mailbox.next(0, 10), mailbox.next(0, 10)
        assert first is not None
        assert second is not None
        assert (first.seq, second.seq) == (1, 3)
        assert mailbox.next(2, 0.0) is None


def test_a_server_that_was_away_is_asked_again_from_the_same_place() -> None:
    leases = Leases([], [event(1, 0)], None, [event(2, 0)])
    with Mailbox(leases, lambda _: None).open() as mailbox:
        found = [mailbox.next(0, 20), mailbox.next(0, 20)]
    assert [one.seq for one in found if one is not None] == [1, 2]
    assert leases.asked[:4] == [0, 0, 1, 1]


def test_events_of_lanes_go_to_who_wants_them() -> None:
    told: list[Event] = []
    leases = Leases([event(1, None, EventKind.LANE_LOST)])
    with Mailbox(leases, told.append).open():
        assert [one.kind for one in told] == [EventKind.LANE_LOST]
