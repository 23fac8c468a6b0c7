"""Jobs on fake GPUs under real keepers: telemetry, failing devices, too little memory, sharing."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nvml import FakeDriver

from core.gpu_kit import DEVICES, UUID, under_fake
from core.keeper_kit import Kit, until
from sweeptree import supervise
from sweeptree.gpus import slots
from sweeptree.model import Cause, JobState
from sweeptree.model.values import SlotRequest

USES = 'echo "proc gpu={} pid=$$ mem={} live=1" >> {}; '


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    (tmp_path / "driver").mkdir()
    yield from under_fake(tmp_path / "driver", monkeypatch)


@pytest.fixture
def kit(tmp_path: Path, fake: FakeDriver) -> Iterator[Kit]:
    kit = Kit(tmp_path, f"t{uuid.uuid4().hex}")
    yield kit
    supervise.sweep_orphans(kit.name, lambda name: False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "slots"


def wants(root: Path, count: int = 1, **more: Any) -> SlotRequest:
    return SlotRequest(root, DEVICES, count, "lr:0.1@x", **more)


@pytest.mark.slow
def test_a_jobs_memory_load_and_energy_are_measured(kit: Kit, root: Path, fake: FakeDriver) -> None:
    fake.configure("gpu watts=100 util=0", "gpu")
    load = f"sed -i s/util=0/util=80/ {fake.conf}; "
    outcome, _ = kit.run(load + USES.format(0, 7000, fake.conf) + "sleep 1", slots=wants(root))
    assert (outcome.state, outcome.peak_vram_mb, outcome.gpu_util_mean) == (
        JobState.SUCCEEDED,
        7000.0,
        80.0,
    )
    assert outcome.gpu_energy_j is not None
    assert (
        90 * outcome.duration_seconds < outcome.gpu_energy_j < 110 * outcome.duration_seconds + 100
    )


def test_the_memory_of_others_is_not_the_jobs(kit: Kit, root: Path, fake: FakeDriver) -> None:
    other = f'echo "proc gpu=0 pid=1 mem=9000" >> {fake.conf}; '
    outcome, _ = kit.run(other + USES.format(0, 500, fake.conf) + "sleep 0.5", slots=wants(root))
    assert outcome.peak_vram_mb == 500.0


def test_without_visible_processes_the_devices_memory_counts(
    kit: Kit, root: Path, fake: FakeDriver
) -> None:
    outcome, _ = kit.run(
        f"sed -i 's/watts=100/used=3000/' {fake.conf}; sleep 0.5", slots=wants(root)
    )
    assert outcome.peak_vram_mb == 3000.0


def test_a_job_without_gpus_has_no_telemetry(kit: Kit) -> None:
    outcome, _ = kit.run("true")
    assert (outcome.peak_vram_mb, outcome.gpu_util_mean, outcome.gpu_energy_j) == (None, None, None)


@pytest.mark.slow
@pytest.mark.parametrize("code", [48, 63, 74, 79, 94, 95])
def test_a_gpu_that_fails_ends_its_job_and_is_quarantined(
    kit: Kit, root: Path, fake: FakeDriver, code: int
) -> None:
    outcome, _ = kit.run(
        f"echo 'xid gpu=0 code={code}' >> {fake.conf}; sleep 300", slots=wants(root)
    )
    assert (outcome.state, outcome.cause) == (JobState.FAILED, Cause.GPU_LOST)
    assert outcome.reason == f"GPU {UUID.format(0)} failed: XID error {code}"
    assert [(q.uuid, q.reason) for q in slots.all_quarantined(str(root))] == [
        (UUID.format(0), f"XID error {code}")
    ]


def test_a_program_error_is_no_failed_gpu(kit: Kit, root: Path, fake: FakeDriver) -> None:
    outcome, _ = kit.run(
        f"echo 'xid gpu=0 code=13' >> {fake.conf}; sleep 0.4; exit 1", slots=wants(root)
    )
    assert (outcome.cause, outcome.reason) == (None, "exit code 1")
    assert slots.all_quarantined(str(root)) == []


def test_an_error_of_another_gpu_is_not_ours(kit: Kit, root: Path, fake: FakeDriver) -> None:
    outcome, _ = kit.run(f"echo 'xid gpu=1 code=79' >> {fake.conf}; sleep 0.4", slots=wants(root))
    assert outcome.state is JobState.SUCCEEDED


def test_a_gpu_lost_under_a_job_is_seen_when_the_job_fails(
    kit: Kit, root: Path, fake: FakeDriver
) -> None:
    outcome, _ = kit.run(f"sed -i '1s/$/ lost=1/' {fake.conf}; exit 1", slots=wants(root))
    assert (
        outcome.reason
        == f"GPU {UUID.format(0)} failed: it was lost: the driver cannot reach it any more"
    )
    again, _ = kit.run("true", slots=wants(root))
    assert again.gpus == (UUID.format(1),)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)",
        (
            "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying "
            "to allocate"
        ),
    ],
)
@pytest.mark.parametrize("cap", [0, 8192])
def test_too_little_gpu_memory_is_named(kit: Kit, root: Path, words: str, cap: int) -> None:
    noise = "i=0; while [ $i -lt 300 ]; do echo epoch $i is over and gone; i=$((i+1)); done; "
    outcome, _ = kit.run(f"{noise} echo '{words}'; exit 1", slots=wants(root), log_cap=cap)
    assert (outcome.cause, outcome.reason) == (Cause.GPU_MEMORY, "out of GPU memory (exit code 1)")


def test_a_job_that_caught_its_error_has_not_failed(kit: Kit, root: Path) -> None:
    outcome, _ = kit.run("echo CUDA out of memory, trying a smaller batch", slots=wants(root))
    assert (outcome.state, outcome.cause) == (JobState.SUCCEEDED, None)


def test_jobs_share_a_gpu(kit: Kit, root: Path) -> None:
    first, launch = kit.begin("echo up; sleep 300", slots=wants(root, memory=18000))
    second, other = kit.begin("echo up; sleep 300", slots=wants(root, memory=18000))
    where = [json.loads(each.started.read_text())["gpus"] for each in (launch, other)]
    assert where == [[UUID.format(0)], [UUID.format(0)]]
    for keeper in (first, second):
        keeper.kill()
        assert keeper.wait(20)


def test_a_job_waits_while_others_use_the_gpus(kit: Kit, root: Path, fake: FakeDriver) -> None:
    fake.configure("gpu used=9000", "gpu", "proc gpu=1 pid=1 mem=10")
    keeper = supervise.start(kit.launch("true", slots=wants(root)))
    until(lambda: slots.waiters(str(root)))
    assert keeper.wait(0.3) is None
    fake.configure("gpu used=9000", "gpu")
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.gpus == (UUID.format(1),)


def test_indices_on_request(kit: Kit, root: Path) -> None:
    _, log = kit.run("echo $CUDA_VISIBLE_DEVICES", slots=wants(root, 2, env_style="index"))
    assert log == "0,1\n"
