"""Keepers and the real slots: who holds a GPU, who waits, and when it is given back."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from core.keeper_kit import NASTY, Kit, pids_of, until
from sweeptree import supervise
from sweeptree.gpus import slots
from sweeptree.model import Device, JobState
from sweeptree.model.values import SlotRequest

DEVICES = tuple(Device(f"GPU-{n}", n, "card", 8000, 8000) for n in range(2))


COUNT = "grep -ls SWEEPTREE_COOKIE={} /proc/[0-9]*/environ | wc -l"  # the processes of one launch


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("locks") / "slots"


def wants(root: Path, count: int = 1, devices: tuple[Device, ...] = DEVICES) -> SlotRequest:
    return SlotRequest(root, devices, count, "a sweep job 0")


def held(root: Path) -> set[str]:
    return {holder.uuid for holder in slots.holders(str(root), [device.uuid for device in DEVICES])}


def test_a_job_sees_only_its_gpus(kit: Kit, root: Path) -> None:
    outcome, log = kit.run("echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER", slots=wants(root, 2))
    assert set(outcome.gpus) == {"GPU-0", "GPU-1"}
    assert log == f"{','.join(outcome.gpus)} PCI_BUS_ID\n"
    assert outcome.gpu_seconds >= 2 * outcome.duration_seconds > 0


def test_the_start_tells_the_gpus(kit: Kit, root: Path) -> None:
    keeper, launch = kit.begin("echo up; sleep 300", slots=wants(root))
    started = json.loads(launch.started.read_text())
    assert set(started["gpus"]) == held(root)
    assert started["pid"] in pids_of(kit.name)
    keeper.kill()
    keeper.wait(20)
    assert not held(root)


def test_a_job_waits_for_its_slot(kit: Kit, root: Path) -> None:
    first, _ = kit.begin("echo up; while [ ! -e go ]; do sleep 0.01; done", slots=wants(root, 2))
    launch = kit.launch("echo mine", slots=wants(root), timeout=60)
    second = supervise.start(launch)
    until(lambda: slots.waiters(str(root)))
    assert launch.log.read_bytes() == b"" and not launch.started.exists()
    (kit.root / "go").touch()
    outcome = second.wait(20)
    assert first.wait(20) and outcome is not None and outcome.waited_seconds > 0
    assert launch.log.read_text() == "mine\n"


def test_a_job_that_waits_for_its_slot_can_be_withdrawn(kit: Kit, root: Path) -> None:
    first, _ = kit.begin("echo up; sleep 300", slots=wants(root, 2))
    launch = kit.launch("echo mine", slots=wants(root))
    second = supervise.start(launch)
    until(lambda: slots.waiters(str(root)))
    second.withdraw()
    outcome = second.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED
    assert launch.log.read_bytes() == b"" and not slots.waiters(str(root))
    first.kill()
    assert first.wait(20)


@pytest.mark.slow
def test_waiting_does_not_count_as_running(kit: Kit, root: Path) -> None:
    first, _ = kit.begin("echo up; sleep 1.1", slots=wants(root, 2))
    outcome, _ = kit.run("true", slots=wants(root), timeout=1)
    assert first.wait(20)
    assert outcome.state is JobState.SUCCEEDED
    assert outcome.waited_seconds > 1


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_waiting_job_can_be_cancelled(kit: Kit, root: Path, how: str) -> None:
    first, _ = kit.begin("echo up; sleep 300", slots=wants(root, 2))
    second = supervise.start(kit.launch("echo never", slots=wants(root)))
    until(lambda: slots.waiters(str(root)))
    getattr(second, how)()
    outcome = second.wait(20)
    assert outcome is not None and (outcome.state, outcome.exit_code) == (JobState.CANCELLED, None)
    assert outcome.reason == "cancelled while it waited for a GPU"
    assert not slots.waiters(str(root))
    first.kill()
    first.wait(20)


def test_a_slot_is_held_until_the_tree_is_gone(kit: Kit, root: Path) -> None:
    stubborn = "trap '' TERM; echo up; while :; do sleep 0.01; done"
    keeper, _ = kit.begin(f'setsid sh -c "{stubborn}" & sleep 0.05', slots=wants(root))
    while held(root):
        assert keeper.wait(0.002) is None or not held(root)
    assert not pids_of(kit.name)
    assert keeper.wait(20)


def test_a_killed_keeper_gives_its_slot_back(kit: Kit, root: Path) -> None:
    keeper, _ = kit.begin(NASTY, slots=wants(root))
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: not held(root))
    assert supervise.sweep_orphans(kit.name, lambda name: False)


def test_what_a_dead_holder_left_is_ended_before_the_next_starts(kit: Kit, root: Path) -> None:
    launch = kit.launch(NASTY)
    keeper = supervise.start(
        replace(launch, slots=replace(wants(root), count=2, owner=launch.name))
    )
    until(lambda: len(pids_of(launch.name)) > 10)
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: not held(root))
    assert pids_of(launch.name)
    outcome, log = kit.run(COUNT.format(launch.name), slots=wants(root))
    assert (outcome.state, log) == (JobState.SUCCEEDED, "0\n")


def test_more_gpus_than_there_are(kit: Kit, root: Path) -> None:
    outcome, _ = kit.run("true", slots=wants(root, 3))
    assert outcome.state is JobState.FAILED
    assert "no GPU slot could be claimed: a job wants 3 GPUs" in (outcome.reason or "")


def test_a_slot_folder_that_cannot_be(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome, _ = kit.run("true", slots=wants(tmp_path / "file"))
    assert outcome.state is JobState.FAILED
    assert "no GPU slot could be claimed" in (outcome.reason or "")
