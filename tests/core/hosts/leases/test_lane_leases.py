"""Which attempts of a lane may go on, and in which words the others are refused."""

from __future__ import annotations

from core.hosts.leases.kit import SWEEP, TTL, Desk
from sweeptree.hosts.values import Leased


def test_an_expired_lease_lives_again_until_somebody_else_has_the_job(desk: Desk) -> None:
    desk.join("gpu1")
    desk.join("gpu2")
    desk.offer(1)
    (held,) = desk.lease("gpu1")
    for _ in range(3):
        desk.later(2 * TTL)
        assert desk.store.started(SWEEP, "gpu1", held, {}).accepted
    desk.later(2 * TTL)
    desk.lease("gpu2")
    assert desk.store.started(SWEEP, "gpu1", held, {}).why == "attempt 2 runs on gpu2"


def test_what_was_given_back_or_has_finished_does_not_go_on(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1, 2)
    back, done = desk.lease("gpu1", free=2)
    desk.store.release(SWEEP, "gpu1", [back])
    desk.finish("gpu1", done)
    for leased in (back, done):
        assert desk.store.started(SWEEP, "gpu1", leased, {}).why == "attempt 1 has ended"
    assert desk.store.beat(SWEEP, "gpu1", [back, done]).lost == (back,)


def test_an_attempt_that_was_begun_without_hosts_fences_too(desk: Desk) -> None:
    """The driver took the job over and offers it again after its own third attempt."""
    desk.join("gpu1")
    desk.offer(1)
    (held,) = desk.lease("gpu1")
    desk.later(TTL)
    desk.offer(1, before=3)
    assert desk.finish("gpu1", held).why == "attempt 3 of job 1 was begun elsewhere"
    assert desk.lease("gpu1") == [Leased(1, 4)]
