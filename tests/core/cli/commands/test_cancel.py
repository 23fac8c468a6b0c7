"""`sweeptree cancel`: through the driver, through keepers that have none, and when there is nothing
to stop."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, plan_sweep, put
from sweeptree import supervise
from sweeptree.model import JobState, Launch, SweepSpec
from sweeptree.records import SweepPaths, SweepStore, holder, read_json, read_record
from sweeptree.system.files import write_json


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """Four planned jobs."""
    return plan_sweep(tmp_path / "results")


def test_jobs_on_hosts_that_cannot_be_reached_again_are_not_said_to_have_ended(
    paths: SweepPaths,
) -> None:
    spec = SweepSpec(exp_name="unet", repo=paths.root, commands=("true",) * 4, hosts=("gpu1",))
    written = spec.model_dump(mode="json")
    write_json(paths.sweep, {**read_json(paths.sweep), "spec": written})
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING, host="gpu1")
        put(store, 1, JobState.RUNNING, host="gpu1")
    ran = call("cancel", str(paths.root))
    assert ran.code == 2
    assert "nobody drives unet; driving it again to end what runs on its hosts" in ran.err
    assert "sweeptree hosts add" in ran.err and not ran.out


@pytest.fixture
def keeper(paths: SweepPaths) -> Iterator[supervise.Keeper]:
    """Job 0 runs under a real keeper; its record says so."""
    launch = Launch(
        name="unet:0.1",
        command="trap '' TERM; echo ready; while :; do sleep 0.05; done",
        cwd=paths.root,
        env={"PATH": os.environ["PATH"]},
        log=paths.log(0),
        alive=paths.attempt(0, 1, "alive"),
        started=paths.attempt(0, 1, "started"),
        outcome=paths.attempt(0, 1, "outcome"),
        timeout=None,
        grace=0.2,
        log_cap=0,
    )
    started = supervise.start(launch)
    deadline = time.monotonic() + 60
    while paths.log(0).read_bytes() != b"ready\n" and time.monotonic() < deadline:
        time.sleep(0.01)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING)
    yield started
    started.kill()
    started.wait(30)


def drive(paths: SweepPaths, heard: list[bytes], ready: threading.Event) -> None:
    """Hold the sweep until somebody asks for an end, as the flow does."""
    with SweepStore.open(paths):
        ready.set()
        deadline = time.monotonic() + 60
        while not paths.cancel.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        heard.append(paths.cancel.read_bytes())


@pytest.mark.parametrize(("flags", "word"), [([], b"term"), (["--kill"], b"kill")])
def test_the_driver_is_asked_and_waited_for(
    paths: SweepPaths, flags: list[str], word: bytes
) -> None:
    heard: list[bytes] = []
    ready = threading.Event()
    driver = threading.Thread(target=drive, args=(paths, heard, ready))
    driver.start()
    ready.wait(30)
    ran = call("cancel", str(paths.root), *flags)
    driver.join()
    assert (ran.code, heard) == (0, [word])
    assert f"pid {os.getpid()}" in ran.err and "can go on" in ran.out and holder(paths) is None


@pytest.mark.parametrize("flags", [[], ["--kill"]])
def test_keepers_without_a_driver_are_stopped_and_recorded(
    paths: SweepPaths, keeper: supervise.Keeper, flags: list[str]
) -> None:
    ran = call("cancel", str(paths.root), *flags)
    record = read_record(paths.record(0))
    assert ran.code == 0 and not keeper.is_alive()
    assert "1 running job ended" in ran.out and "3 not started" in ran.out
    assert record.state is JobState.CANCELLED
    assert [(a.number, a.state) for a in record.attempts] == [(1, JobState.CANCELLED)]


def test_nothing_runs(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path)
    ran = call("cancel", str(paths.root))
    assert (ran.code, ran.out) == (0, "nothing of unet is running\n") and not paths.cancel.exists()


@pytest.mark.parametrize("flags", [[], ["--kill"]])
def test_a_stopped_keeper_is_named_and_can_be_cancelled(
    paths: SweepPaths, keeper: supervise.Keeper, flags: list[str]
) -> None:
    os.kill(keeper.pid, signal.SIGSTOP)
    note = f"kill -CONT {keeper.pid}"
    deadline = time.monotonic() + 20
    while note not in call("status", str(paths.root)).out and time.monotonic() < deadline:
        time.sleep(0.01)
    assert note in call("status", str(paths.root)).out
    ran = call("cancel", str(paths.root), *flags)
    assert ran.code == 0 and not keeper.is_alive()
    assert read_record(paths.record(0)).state is JobState.CANCELLED
