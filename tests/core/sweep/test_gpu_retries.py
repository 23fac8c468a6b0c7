"""A failed GPU and too little memory have retry rules of their own; what was measured stands in the
record; who waits for a GPU begins nothing once the sweep stops."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nvml import FakeDriver
from sweep_kit import wait_for

from core.gpu_kit import UUID, under_fake
from core.sweep.kit import lived, opened, ran, run_one
from sweeptree import gpus
from sweeptree.model import Device, JobRecord, JobState
from sweeptree.sweep.retries import forgiving
from sweeptree.sweep.running import Sweep

Run = Callable[..., JobRecord]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    (tmp_path / "driver").mkdir()
    yield from under_fake(tmp_path / "driver", monkeypatch)


@pytest.fixture
def run(repo: Path, fake: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one job on two GPUs of 40 GB, with its retries."""
    devices = tuple(Device(UUID.format(n), n, "card", 40960, 40960) for n in range(2))
    found = gpus.Detection(devices, "550", None, ())
    monkeypatch.setattr("sweeptree.sweep.preflight.detect", lambda: found)

    def run(command: str, **fields: Any) -> JobRecord:
        return run_one(repo, command, use_worktree=False, **fields)

    return run


def told(record: JobRecord) -> list[tuple[str, str | None]]:
    return [(attempt.state.value, attempt.reason) for attempt in record.attempts]


@pytest.mark.slow
def test_a_job_goes_to_another_gpu_when_its_own_fails(run: Run, fake: FakeDriver) -> None:
    record = run(
        f"[ $SWEEPTREE_ATTEMPT = 2 ] || echo 'xid gpu=0 code=79' >> {fake.conf}; sleep 0.6"
    )
    assert told(record) == [
        ("failed", f"GPU {UUID.format(0)} failed: XID error 79"),
        ("succeeded", None),
    ]
    assert record.gpus == (UUID.format(1),)


@pytest.mark.slow
def test_when_all_gpus_have_failed_the_job_fails(run: Run, fake: FakeDriver) -> None:
    errors = [f"echo 'xid gpu={gpu} code=79' >> {fake.conf}" for gpu in (0, 1)]
    both = "; ".join([*errors, "sleep 300"])
    *_, (state, reason) = told(run(both))
    assert state == "failed"
    assert "no GPU slot could be claimed: a job wants 1 GPU, and" in (reason or "")


OUT = "echo CUDA out of memory; exit 1"


def test_a_sharing_job_that_runs_out_of_memory_is_tried_again_once(run: Run) -> None:
    assert told(run(OUT, gpu_mem=10000)) == [("failed", "out of GPU memory (exit code 1)")] * 2


@pytest.mark.slow
@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("before", "after"), [(10000, 15000), (30000, 0), (0, 0)])
def test_the_next_try_gets_half_as_much_again_or_a_whole_gpu(
    repo: Path, before: int, after: int
) -> None:
    with opened(repo, OUT, gpu_mem=before or None, use_worktree=False) as sweep:
        so_far = ran(sweep.job(0))
        assert so_far.gpu_memory == before
        assert forgiving(so_far, sweep.prepared).gpu_memory == after


def test_a_job_that_had_its_gpu_to_itself_is_not_tried_again(run: Run) -> None:
    assert len(told(run(OUT))) == 1


def test_retries_count_beside_the_rules(run: Run) -> None:
    assert len(told(run(OUT, gpu_mem=10000, retries=1))) == 3


@pytest.mark.slow
def test_the_record_holds_what_was_measured(run: Run, fake: FakeDriver) -> None:
    record = run(f'echo "proc gpu=0 pid=$$ mem=7000 live=1" >> {fake.conf}; sleep 0.6')
    assert record.state is JobState.SUCCEEDED
    assert (record.peak_vram_mb, record.gpu_util_mean) == (7000.0, 0.0)
    assert record.gpu_energy_j is not None and record.gpu_energy_j > 50


HOLDS = "touch $SWEEPTREE_OUT/up; until [ -e $SWEEPTREE_OUT/go ]; do sleep 0.02; done; exit 1"
WAITS = "touch $SWEEPTREE_OUT/ran"


@contextmanager
def one_behind_another(sweep: Sweep, is_behind: Callable[[], object]) -> Iterator[None]:
    """Two jobs that want both GPUs: the first has them, and ends afterwards."""
    lives = [threading.Thread(target=lived, args=(sweep.job(index),)) for index in range(2)]
    lives[0].start()
    wait_for((sweep.paths.out(0) / "up").exists)
    lives[1].start()
    wait_for(is_behind)
    yield
    (sweep.paths.out(0) / "go").touch()
    for life in lives:
        life.join()
    assert sweep.store.record(0).state is JobState.FAILED
    assert not (sweep.paths.out(1) / "ran").exists()


@pytest.mark.usefixtures("run")
def test_a_job_that_waits_for_a_gpu_begins_nothing_behind_a_stop(repo: Path) -> None:
    with opened(repo, HOLDS, WAITS, gpus=2) as sweep:
        with one_behind_another(sweep, sweep.paths.attempt(1, 1, "alive").exists):
            sweep.stop.start_no_more()
            wait_for(lambda: sweep.store.record(1).state is JobState.CANCELLED)
        assert sweep.store.record(1).reason == "cancelled while it waited for a GPU"


@pytest.mark.usefixtures("run")
def test_the_gpu_of_a_job_that_stops_the_sweep_goes_to_no_other(repo: Path) -> None:
    with opened(repo, HOLDS, WAITS, gpus=2, on_fail="stop") as sweep:
        with one_behind_another(sweep, lambda: sweep.store.record(1).worktree):
            pass
        assert sweep.store.record(1).state is JobState.PLANNED
