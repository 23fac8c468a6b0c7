"""Slots against real processes: contention, kill -9, strangers, hostile files."""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.gpus.slots.slots_kit import A, B, C, gpus, kill, until
from sweeptree.errors import Refused
from sweeptree.gpus import slots


def test_a_slot_has_one_holder(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    take([A])
    assert enqueue("late").try_claim([A], 1) is None


def test_all_or_nothing(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    take([A])
    assert enqueue("two").try_claim([A, B], 2) is None
    assert [h.uuid for h in slots.holders(root, [A["uuid"], B["uuid"]])] == [A["uuid"]]


def test_a_claim_under_way_is_not_waited_for(
    enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    mine = enqueue("mine")
    with open(f"{root}/admission") as admission:
        fcntl.flock(admission, fcntl.LOCK_EX)
        assert mine.try_claim([A], 1) is None
    with until(lambda: mine.try_claim([A], 1)) as claim:
        assert claim.uuids == (A["uuid"],)


def test_first_come_first_served(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    held = take([A])
    tickets = [enqueue(name) for name in "abc"]
    held.release()
    order = []
    while tickets:
        claims = [(ticket, ticket.try_claim([A], 1)) for ticket in reversed(tickets)]
        for ticket, claim in claims:
            if claim is not None:
                order.append(ticket._owner)
                tickets.remove(ticket)
                claim.release()
    assert order == ["a", "b", "c"]


def test_who_wants_many_is_not_overtaken(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    held = take([A])
    big, small = enqueue("big"), enqueue("small")
    assert big.try_claim([A, B], 2) is None
    assert small.try_claim([A, B], 1) is None
    assert not small.is_head()
    held.release()
    assert small.try_claim([A, B], 1) is None
    claim = big.try_claim([A, B], 2)
    assert claim is not None
    claim.release()


def test_other_devices_are_not_waited_for(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    take([A])
    assert enqueue("blocked").try_claim([A, B], 2) is None
    assert take([C]).uuids == (C["uuid"],)


def test_a_waiter_that_has_not_tried_may_want_anything(
    enqueue: Callable[[str], slots.Ticket],
) -> None:
    older = enqueue("older")
    younger = enqueue("younger")
    assert younger.try_claim([A], 1) is None
    older.close()
    claim = younger.try_claim([A], 1)
    assert claim is not None
    claim.release()


def test_a_dead_waiter_vanishes(
    other: Callable[..., "subprocess.Popen[str]"],
    take: Callable[..., slots.Claim],
    enqueue: Callable[[str], slots.Ticket],
    root: str,
) -> None:
    take([A])
    waiter = other([A], 1, "waits")
    mine = enqueue("mine")
    assert mine.try_claim([A], 1) is None
    assert not mine.is_head()
    kill(waiter)
    assert mine.is_head()
    assert len(os.listdir(f"{root}/queue")) == 1


def test_looking_makes_nothing(root: str) -> None:
    assert (slots.holders(root, [A["uuid"]]), slots.waiters(root)) == ([], [])
    assert not os.path.exists(root)


def test_looking_sweeps_nothing(other: Callable[..., "subprocess.Popen[str]"], root: str) -> None:
    kill(other([A], 1, "holds"))
    kill(other(gpus(2), 2, "holds"))
    before = sorted((p, p.stat().st_mtime_ns) for p in Path(root).rglob("*"))
    assert (slots.holders(root, [A["uuid"]]), slots.waiters(root)) == ([], [])
    assert sorted((p, p.stat().st_mtime_ns) for p in Path(root).rglob("*")) == before


def test_leaving_leaves_no_ticket_and_no_open_file(root: str) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        ticket = slots.enqueue(root, "job")
        claim = ticket.try_claim(gpus(3), 2)
        assert claim is not None
        claim.release()
        claim.release()
        ticket.close()
    assert os.listdir(f"{root}/queue") == []
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_slot_file_that_was_removed_is_made_anew(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    held = take([A])
    mine = enqueue("mine")
    assert mine.try_claim([A], 1) is None
    Path(root, f"{A['uuid']}.0").unlink()
    held.release()
    with until(lambda: mine.try_claim([A], 1)):
        assert [h.owner for h in slots.holders(root, [A["uuid"]])] == ["mine"]


def test_a_ticket_that_was_removed_is_refused(
    enqueue: Callable[[str], slots.Ticket], root: str
) -> None:
    mine = enqueue("mine")
    shutil.rmtree(f"{root}/queue")
    with pytest.raises(Refused, match="ticket of mine"):
        mine.try_claim([A], 1)


def test_a_stopped_process_does_not_make_others_wait(
    other: Callable[..., "subprocess.Popen[str]"], enqueue: Callable[[str], slots.Ticket]
) -> None:
    holder = other([A], 1, "holds")
    holder.send_signal(signal.SIGSTOP)
    assert enqueue("mine").try_claim([A], 1) is None
    claim = enqueue("third").try_claim([B], 1)
    assert claim is not None
    claim.release()
