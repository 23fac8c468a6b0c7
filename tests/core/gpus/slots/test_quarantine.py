"""Devices that no job is given."""

from pathlib import Path

import pytest
from nvml import FakeDriver

from core.gpus.slots.slots_kit import CARDS, Take, uuids
from sweeptree.errors import Refused
from sweeptree.gpus import slots

A, B, C, D = CARDS


def test_a_lost_gpu_goes_into_quarantine_and_another_is_taken(
    try_take: Take, fake: FakeDriver, root: str
) -> None:
    fake.configure("gpu lost=1", "gpu")
    assert uuids(try_take([A, B])) == (B["uuid"],)
    [found] = slots.all_quarantined(root)
    assert (found.uuid, found.reason) == (
        A["uuid"],
        "it is lost: the driver cannot reach it any more",
    )


def test_a_quarantined_gpu_is_not_given_until_it_is_lifted(try_take: Take, root: str) -> None:
    slots.put_into_quarantine(root, A["uuid"], "XID error 79")
    slots.put_into_quarantine(root, A["uuid"], "a later reason")
    with pytest.raises(Refused, match=r"wants 1 GPU, and .* in quarantine: XID error 79"):
        try_take([A])
    slots.lift_quarantine(root, A["uuid"])
    assert try_take([A])


def test_a_restart_of_the_machine_lifts_a_quarantine(try_take: Take, root: str) -> None:
    slots.put_into_quarantine(root, A["uuid"], "XID error 79")
    file = Path(root, f"{A['uuid']}.quarantine")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    file.write_text(file.read_text().replace(boot, "another-boot"))
    assert slots.all_quarantined(root) == []
    assert try_take([A])


def test_a_torn_quarantine_is_none(try_take: Take, root: str) -> None:
    slots.put_into_quarantine(root, A["uuid"], "XID error 79")
    Path(root, f"{A['uuid']}.quarantine").write_text('{"reason": "XI')
    assert try_take([A])


def test_a_removed_slice_is_not_free(try_take: Take, root: str) -> None:
    gone = {"uuid": "MIG-gone", "index": 0}
    assert uuids(try_take([gone, A])) == (A["uuid"],)
    with pytest.raises(Refused, match="MIG-gone: there is no such device any more"):
        try_take([gone])
    assert slots.all_quarantined(root) == []  # it may be made again
