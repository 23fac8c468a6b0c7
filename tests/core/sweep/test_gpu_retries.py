"""A failed GPU and too little memory have retry rules of their own; what was measured stands in the
record."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nvml import FakeDriver

from core.gpu_kit import UUID, under_fake
from sweeptree import gpus
from sweeptree.model import Device, JobState, Outcome, SweepSpec
from sweeptree.records import SweepStore
from sweeptree.settings import Settings
from sweeptree.sweep import stages
from sweeptree.sweep.preflight import prepare
from sweeptree.sweep.running import Chain, Sweep

Run = Callable[..., Chain]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    (tmp_path / "driver").mkdir()
    yield from under_fake(tmp_path / "driver", monkeypatch)


@pytest.fixture
def run(repo: Path, fake: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one job on two GPUs of 40 GB, with its retries, as the orchestrator does."""
    devices = tuple(Device(UUID.format(n), n, "card", 40960, 40960) for n in range(2))
    monkeypatch.setattr(
        "sweeptree.sweep.preflight.detect", lambda: gpus.Detection(devices, "550", None, ())
    )

    def run(command: str, **fields: Any) -> Chain:
        spec = SweepSpec(exp_name="x", repo=repo, commands=(command,), grace=0.2, **fields)
        prepared = prepare(spec, Settings())
        with SweepStore.open(prepared.paths) as store:
            chain = Chain(Sweep(prepared, store, None), prepared.jobs[0])
            while chain.outcome is None or chain.attempts_left:
                stages.prepare_worktree(chain)
                stages.run_command(chain)
            stages.finish(chain)
        return chain

    return run


def told(chain: Chain) -> list[tuple[str, str | None]]:
    assert chain.record is not None
    return [(attempt.state.value, attempt.reason) for attempt in chain.record.attempts]


def test_a_job_goes_to_another_gpu_when_its_own_fails(run: Run, fake: FakeDriver) -> None:
    chain = run(f"[ $SWEEPTREE_ATTEMPT = 2 ] || echo 'xid gpu=0 code=79' >> {fake.conf}; sleep 0.6")
    assert told(chain) == [
        ("failed", f"GPU {UUID.format(0)} failed: XID error 79"),
        ("succeeded", None),
    ]
    assert chain.record is not None and chain.record.gpus == (UUID.format(1),)


def test_when_all_gpus_have_failed_the_job_fails(run: Run, fake: FakeDriver) -> None:
    both = f"echo 'xid gpu=0 code=79' >> {fake.conf}; echo 'xid gpu=1 code=79' >> {fake.conf}; sleep 300"
    *_, (state, reason) = told(run(both))
    assert state == "failed"
    assert "no GPU slot could be claimed: a job wants 1 GPU, and" in (reason or "")


OUT = "echo CUDA out of memory; exit 1"


def test_a_sharing_job_that_runs_out_of_memory_gets_more_once(run: Run) -> None:
    chain = run(OUT, gpu_mem=10000)
    assert told(chain) == [("failed", "out of GPU memory (exit code 1)")] * 2
    assert chain.gpu_memory == 15000


def test_a_sharing_job_that_needs_more_than_any_gpu_has_gets_a_whole_one(run: Run) -> None:
    assert run(OUT, gpu_mem=30000).gpu_memory == 0


def test_a_job_that_had_its_gpu_to_itself_is_not_tried_again(run: Run) -> None:
    assert len(told(run(OUT))) == 1


def test_retries_count_beside_the_rules(run: Run) -> None:
    assert len(told(run(OUT, gpu_mem=10000, retries=1))) == 3


def test_too_little_host_memory_is_forgiven_once(run: Run) -> None:
    chain = run("exit 1")
    outcome = chain.outcome
    assert outcome is not None and not chain.attempts_left
    chain.outcome = Outcome(
        **{**{f: getattr(outcome, f) for f in outcome.__slots__}, "cause": "host_memory"}
    )
    chain.judge_cause()
    assert chain.attempts_left
    chain.tries += 1
    chain.judge_cause()
    assert not chain.attempts_left


def test_the_record_holds_what_was_measured(run: Run, fake: FakeDriver) -> None:
    chain = run(f'echo "proc gpu=0 pid=$$ mem=7000 live=1" >> {fake.conf}; sleep 0.6')
    record = chain.record
    assert record is not None and record.state is JobState.SUCCEEDED
    assert (record.peak_vram_mb, record.gpu_util_mean) == (7000.0, 0.0)
    assert record.gpu_energy_j is not None and record.gpu_energy_j > 50
