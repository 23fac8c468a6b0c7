"""Which GPUs a sweep may use and how many jobs they take: lists, Slurm, memory; and how that is
shown."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nvml import FakeDriver

from core.cli_records import call
from core.gpu_kit import UUID, under_fake
from sweeptree import gpus
from sweeptree.cli.options import RunOptions, make_spec
from sweeptree.errors import Refused, UsageError
from sweeptree.gpus import slots
from sweeptree.model import Device, SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, check_options, prepare

DEVICES = tuple(Device(UUID.format(n), n, "NVIDIA A100", 40960, 40960) for n in range(4))
FOUND = gpus.Detection(DEVICES, "550", None, ())


@pytest.mark.parametrize(
    ("text", "mib"), [("18G", 18432), ("900M", 900), ("1.5GiB", 1536), ("24gb", 24576)]
)
def test_memory_in_words(text: str, mib: int) -> None:
    assert make_spec(RunOptions(exp_name="x", commands='["true"]', gpu_mem=text)).gpu_mem == mib


@pytest.mark.parametrize("text", ["18", "G", "-1G", "18T", "0G"])
def test_memory_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--gpu_mem"):
        make_spec(RunOptions(exp_name="x", commands='["true"]', gpu_mem=text))


def test_devices_in_words() -> None:
    options = RunOptions(exp_name="x", commands='["true"]', devices="0, ^GPU-12", gpu_env="index")
    spec = make_spec(options)
    assert (spec.devices, spec.gpu_env) == (("0", "^GPU-12"), "index")
    with pytest.raises(UsageError, match=r"devices\.0: a GPU is named"):
        make_spec(RunOptions(exp_name="x", commands='["true"]', devices="first"))


def test_memory_without_a_gpu_is_refused() -> None:
    with pytest.raises(UsageError, match="--gpus 0 gives it none"):
        check_options(SweepSpec(exp_name="x", commands=("true",), gpus=0, gpu_mem=100))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    (tmp_path / "driver").mkdir()
    yield from under_fake(tmp_path / "driver", monkeypatch)


@pytest.fixture
def ask(fake: FakeDriver, repo: Path) -> Callable[..., Any]:
    """What `sweeptree` prints as JSON for these words, in a process of its own under the fake
    driver."""
    import os
    import sys

    def asked(*words: str) -> Any:
        argv = [sys.executable, "-m", "sweeptree", *words]
        return json.loads(
            subprocess.check_output(argv, cwd=repo, env={**os.environ, **fake.environment})
        )

    return asked


@pytest.mark.slow
def test_the_plan_packs_jobs(ask: Callable[..., Any], fake: FakeDriver) -> None:
    fake.configure(*["gpu mem=40960"] * 3)
    words = [
        "run",
        "--exp_name",
        "x",
        "--commands",
        json.dumps(["true"] * 20),
        "--dry_run",
        "--json",
    ]
    plan = ask(*words, "--gpu_mem", "18G", "--devices", "^1")
    assert [gpu["index"] for gpu in plan["gpus"]] == [0, 2]
    assert (plan["parallel"], plan["gpu_mem_per_job"]) == (4, 18432)


@pytest.mark.slow
def test_the_table_tells_what_is_in_the_way(ask: Callable[..., Any], fake: FakeDriver) -> None:
    fake.configure(*["gpu"] * 4, "proc gpu=1 pid=1 mem=5000", "proc gpu=3 pid=1 mem=5000")
    root = str(Settings().slot_dir)
    slots.put_into_quarantine(root, UUID.format(0), "XID error 79")
    device = {"uuid": UUID.format(3), "index": 3, "memory_total": 40960}
    with (
        slots.enqueue(root, "lr:3.1", memory=18432) as ticket,
        ticket.try_claim([device], 1) or pytest.fail(),
    ):
        rows = ask("gpus", "--json")["gpus"]
    assert [row["state"] for row in rows] == ["quarantined", "busy", "free", "shared"]
    assert (rows[0]["reason"][-12:], rows[1]["reason"]) == ("XID error 79", "other processes")
    assert rows[3]["holders"] == ["lr:3.1 (18.0 GB)"]


def test_doctor_tells_and_lifts_a_quarantine(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    root = str(Settings().slot_dir)
    slots.put_into_quarantine(root, "MIG-GPU-1/2/0", "XID error 79")
    assert "warn  gpus        GPU MIG-GPU-1/2/0 is in quarantine since" in call("doctor").out
    assert (
        "GPU MIG-GPU-1/2/0 is given out again; it was in quarantine: XID error 79"
        in call("doctor", "--repair").out
    )
    assert slots.all_quarantined(root) == []


def planned(
    repo: Path, found: gpus.Detection, patch: pytest.MonkeyPatch, **fields: Any
) -> PreparedSweep:
    patch.setattr("sweeptree.sweep.preflight.detect", lambda: found)
    return prepare(
        SweepSpec(exp_name="x", repo=repo, commands=("true",) * 30, **fields), Settings()
    )


def test_more_memory_than_a_gpu_has_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        Refused, match=r"asks for 48\.8 GB of each of 1 GPU, and the largest GPU has 40\.0 GB"
    ):
        planned(repo, FOUND, monkeypatch, gpu_mem=50000)


def test_packing_fills_the_slots_and_looks_ahead(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(repo, FOUND, monkeypatch, gpu_mem=18000)
    assert (plan.gpu_slots, plan.parallel, plan.lookahead) == (8, 8, 8)
