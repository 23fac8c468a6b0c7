"""Slots that are held: what a command sees of them, and how they come free."""

import os
import subprocess
from collections.abc import Callable

from core.gpus.slots.slots_kit import A, B, C, gpus, kill
from sweeptree.gpus import slots


def test_a_claim_shows_its_devices_to_the_command(take: Callable[..., slots.Claim]) -> None:
    claim = take([A, B, C], 2)
    assert claim.uuids == (A["uuid"], B["uuid"])
    assert claim.environment == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": f"{A['uuid']},{B['uuid']}",
    }


def test_a_claim_shows_indices_on_request(take: Callable[..., slots.Claim]) -> None:
    assert take([B, C], 2, env_style="index").environment["CUDA_VISIBLE_DEVICES"] == "1,2"


def test_a_mig_slice_has_no_index(take: Callable[..., slots.Claim]) -> None:
    [part] = gpus(1, "MIG")
    assert take([part], env_style="index").environment["CUDA_VISIBLE_DEVICES"] == part["uuid"]


def test_a_released_slot_is_free_even_when_a_fork_has_it(
    take: Callable[..., slots.Claim], enqueue: Callable[[str], slots.Ticket]
) -> None:
    claim = take([A])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    claim.release()
    late = enqueue("late").try_claim([A], 1)
    os.close(writer)
    os.close(reader)
    os.waitpid(child, 0)
    assert late is not None
    late.release()


def test_a_dead_holder_frees_its_slot_and_is_named(
    other: Callable[..., "subprocess.Popen[str]"], enqueue: Callable[[str], slots.Ticket]
) -> None:
    holder = other([A], 1, "holds")
    mine = enqueue("mine")
    assert mine.try_claim([A], 1) is None
    kill(holder)
    claim = mine.try_claim([A], 1)
    assert claim is not None
    assert claim.abandoned == ("other",)
    claim.release()


def test_a_released_slot_names_nobody(take: Callable[..., slots.Claim]) -> None:
    take([A]).release()
    assert take([A]).abandoned == ()
