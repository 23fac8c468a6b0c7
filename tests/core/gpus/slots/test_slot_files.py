"""Several jobs on a GPU by promised and free memory, and devices that others use, fail or are far
apart."""

import os
import time
from pathlib import Path

import pytest
from nvml import FakeDriver

from core.gpus.slots.slots_kit import CARDS, STRANGER, Take, uuids
from sweeptree.errors import Refused
from sweeptree.gpus import slots

A, B, C, D = CARDS


def test_jobs_share_a_gpu_as_long_as_their_promises_fit(try_take: Take) -> None:
    assert [uuids(try_take([A], memory=18000)) for _ in range(3)] == [
        (A["uuid"],),
        (A["uuid"],),
        None,
    ]


def test_a_whole_gpu_is_shared_with_nobody(try_take: Take) -> None:
    assert try_take([A])
    assert try_take([A], memory=10) is None


def test_a_shared_gpu_is_no_whole_one(try_take: Take) -> None:
    first, second = try_take([A], memory=10), try_take([A], memory=10)
    assert first and second
    first.release()
    assert try_take([A]) is None
    second.release()
    assert try_take([A])


def test_a_released_promise_makes_room(try_take: Take) -> None:
    first = try_take([A], memory=40000)
    assert first and try_take([A], memory=40000) is None
    first.release()
    assert try_take([A], memory=40000)


def test_the_fullest_gpu_that_fits_is_taken(try_take: Take) -> None:
    assert try_take([A, B], memory=10000) and try_take([B], memory=20000)
    assert uuids(try_take([A, B], memory=15000)) == (B["uuid"],)
    assert uuids(try_take([A, B], memory=15000)) == (A["uuid"],)


def test_memory_on_several_gpus_is_all_or_nothing(try_take: Take, root: str) -> None:
    assert try_take([A], memory=30000)
    assert try_take([A, B], count=2, memory=20000) is None
    assert [holder.uuid for holder in slots.holders(root, [A["uuid"], B["uuid"]])] == [A["uuid"]]


def test_a_gpu_has_so_many_slots(try_take: Take) -> None:
    assert all(try_take([A], memory=1) for _ in range(slots.SLOTS_PER_DEVICE))
    assert try_take([A], memory=1) is None


def test_more_memory_than_any_gpu_has_is_refused(try_take: Take) -> None:
    with pytest.raises(Refused, match="wants 1 GPU at once with 50000 MiB each, and 0 can be had"):
        try_take([A, B], memory=50000)


def test_who_wants_much_is_not_overtaken_by_who_wants_little(
    try_take: Take, root: str, fake: FakeDriver
) -> None:
    first = try_take([A], memory=30000)
    with slots.enqueue(root, "big", memory=20000, driver=fake.session()) as big:
        assert big.try_claim([A], 1) is None
        assert try_take([A], memory=100) is None
        assert first is not None
        first.release()
        assert try_take([A], memory=100) is None
        claim = big.try_claim([A], 1)
    assert claim is not None
    claim.release()


def test_holders_tell_what_they_were_promised(try_take: Take, root: str) -> None:
    assert try_take([A], memory=18432, owner="lr:3.1@x")
    [holder] = slots.holders(root, [A["uuid"]])
    assert (holder.owner, holder.memory, holder.pid) == ("lr:3.1@x", 18432, os.getpid())


def test_a_holder_without_a_note_has_the_whole_gpu(try_take: Take, root: str) -> None:
    assert try_take([A], memory=10)
    Path(root, f"{A['uuid']}.0").write_text("")
    assert try_take([A], memory=10) is None


def test_the_dead_of_every_slot_are_named(try_take: Take, root: str) -> None:
    assert try_take([A], memory=10)
    Path(root, f"{A['uuid']}.1").touch(0o666)
    os.chmod(f"{root}/{A['uuid']}.1", 0o666)
    Path(root, f"{A['uuid']}.1").write_text('{"owner": "dead:0.1@x"}\n')
    claim = try_take([A], memory=10)
    assert claim and claim.abandoned == ("dead:0.1@x",)


def test_looking_at_a_busy_gpu_becomes_rare(fake: FakeDriver, root: str) -> None:
    fake.append(STRANGER)
    with slots.enqueue(root, "job", driver=fake.session()) as ticket:
        assert ticket._slots is not None
        pauses = []
        while len(pauses) < 4:
            assert ticket.try_claim([A], 1) is None
            pauses.append(ticket._slots._pauses[A["uuid"]][1])
            time.sleep(pauses[-1])
    assert pauses == [0.004, 0.008, 0.016, 0.032]
