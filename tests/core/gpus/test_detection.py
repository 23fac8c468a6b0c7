"""Detection by the real pynvml, over a fake driver library; what CUDA_VISIBLE_DEVICES leaves; the
table."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynvml
import pytest
from nvml import FakeDriver, build

from sweeptree import gpus
from sweeptree.gpus import slots

ASK = """
import dataclasses, json, sys
from sweeptree import gpus
for line in sys.stdin:
    print(json.dumps(dataclasses.asdict(gpus.detect(json.loads(line)))), flush=True)
"""
UUID = "GPU-fa4e{0:04x}-0000-4000-8000-{0:012x}"
Found = dict[str, Any]
See = Callable[..., Found]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="module")
def driver(library: Path, tmp_path_factory: pytest.TempPathFactory) -> FakeDriver:
    return FakeDriver(library, tmp_path_factory.mktemp("conf") / "gpus.conf")


@pytest.fixture(scope="module")
def detector(driver: FakeDriver) -> Iterator["subprocess.Popen[str]"]:
    """A process under the fake driver that detects anew for each line it is sent; any warning would
    end it."""
    argv = [sys.executable, "-W", "error", "-c", ASK]
    shut_down = {"FAKE_NVML_SHUTDOWN": str(driver.conf.with_name("shut_down"))}
    environ = {**os.environ, **driver.environment, **shut_down}
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
    ) as process:
        yield process


@pytest.fixture
def see(driver: FakeDriver, detector: "subprocess.Popen[str]") -> See:
    """What is detected when the driver shows these lines."""

    def detect(*lines: str, **environ: str) -> Found:
        driver.configure(*lines)
        assert detector.stdin is not None
        assert detector.stdout is not None
        print(json.dumps(environ), file=detector.stdin, flush=True)
        found: Found = json.loads(detector.stdout.readline())
        return found

    return detect


def detect_once(**environ: str) -> Found:
    """What a process of its own detects."""
    argv = [sys.executable, "-W", "error", "-c", ASK]
    found: Found = json.loads(
        subprocess.check_output(argv, env={**os.environ, **environ}, input="{}", text=True)
    )
    return found


def indices(found: Found) -> list[int]:
    return [device["index"] for device in found["devices"]]


def test_eight_gpus(see: See) -> None:
    found = see(*["gpu mem=81920 used=1000 name=NVIDIA_H100"] * 8)
    assert indices(found) == list(range(8))
    assert found["devices"][7] == {
        "uuid": UUID.format(7),
        "index": 7,
        "name": "NVIDIA H100",
        "memory_total": 81920,
        "memory_free": 80920,
        "links": [[UUID.format(n), 50] for n in range(7)],
    }
    assert (found["driver"], found["why"], found["skipped"]) == ("550.54.15", None, [])


@pytest.mark.slow
def test_an_outside_reader_sees_the_same(see: See, driver: FakeDriver) -> None:
    pytest.importorskip(
        "gpustat", reason="gpustat is not installed: no outside reader to compare with"
    )
    found = see(
        "gpu mem=24576 used=512 util=37 name=NVIDIA_RTX_A5000",
        "gpu mem=81920",
        "proc gpu=1 pid=1 mem=300",
    )
    command = [sys.executable, "-m", "gpustat", "--json"]
    theirs = json.loads(subprocess.check_output(command, env={**os.environ, **driver.environment}))[
        "gpus"
    ]
    assert [(g["uuid"], g["index"], g["name"], g["memory.total"]) for g in theirs] == [
        (d["uuid"], d["index"], d["name"], d["memory_total"]) for d in found["devices"]
    ]
    assert [g["memory.used"] for g in theirs] == [
        d["memory_total"] - d["memory_free"] for d in found["devices"]
    ]
    assert {g["uuid"]: g["utilization.gpu"] for g in theirs} == found["utilisation"]


def test_a_lost_gpu_is_skipped_and_named(see: See) -> None:
    found = see("gpu", "gpu lost=1", "gpu")
    assert indices(found) == [0, 2]
    assert found["skipped"] == [
        "GPU 1 is lost (the driver cannot reach it any more): restart the machine"
    ]
    assert found["why"] is None


def test_a_gpu_that_forbids_computing_is_skipped(see: See) -> None:
    found = see("gpu mode=2", "gpu mode=3")
    assert indices(found) == [1]
    assert found["skipped"] == ["GPU 0 forbids computing (its compute mode is 'prohibited')"]


def test_a_gpu_without_answer_is_skipped(see: See) -> None:
    found = see("gpu", "gpu", "fail fn=nvmlDeviceGetMemoryInfo gpu=0 err=999")
    assert (indices(found), found["skipped"]) == ([1], ["GPU 0 cannot be used: Unknown Error"])


def test_only_lost_gpus_say_why(see: See) -> None:
    found = see("gpu lost=1")
    assert (found["devices"], found["why"]) == ([], found["skipped"][0])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["init_error 4"], "this user may not talk to the NVIDIA driver"),
        (["init_error 9"], "the NVIDIA driver is not loaded"),
        (
            ["init_error 18"],
            "the NVIDIA driver was updated but not loaded anew: restart the machine",
        ),
        (["init_error 999"], "the NVIDIA driver does not answer: Unknown Error"),
        (
            ["fail fn=nvmlDeviceGetCount_v2 err=999"],
            "the NVIDIA driver does not answer: Unknown Error",
        ),
        ([], "the NVIDIA driver sees no GPU"),
    ],
)
def test_no_gpu_says_why(see: See, lines: list[str], why: str) -> None:
    found = see(*lines)
    assert (found["devices"], found["why"]) == ([], why)


def test_a_machine_without_driver_says_so(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("not a library")
    found = detect_once(LD_LIBRARY_PATH=str(tmp_path))
    assert found["why"] == "there is no NVIDIA driver on this machine (no libnvidia-ml.so.1)"


def test_the_deprecated_pynvml_is_not_heard(
    library: Path, driver: FakeDriver, tmp_path: Path
) -> None:
    warning = "import warnings; warnings.warn('use nvidia-ml-py', FutureWarning)\n"
    (tmp_path / "pynvml.py").write_text(warning + Path(pynvml.__file__).read_text())
    driver.configure("gpu")
    assert indices(detect_once(PYTHONPATH=str(tmp_path), **driver.environment)) == [0]


def test_an_old_driver_lacks_functions_only(tmp_path: Path) -> None:
    driver = FakeDriver(build(tmp_path, "-DOLD_DRIVER"), tmp_path / "gpus.conf")
    driver.configure("driver 418.87", "gpu util=50", "gpu mig=1")
    found = detect_once(**driver.environment)
    assert (indices(found), found["driver"], found["utilisation"]) == ([0, 1], "418.87", {})


def test_utilisation_is_optional(see: See) -> None:
    found = see("gpu util=81", "gpu", "fail fn=nvmlDeviceGetUtilizationRates gpu=1 err=3")
    assert found["utilisation"] == {UUID.format(0): 81}


def test_mig_slices_are_devices(see: See) -> None:
    found = see(
        "gpu", "gpu mig=1", "mig gpu=1 mem=9856 uuid=MIG-a", "mig gpu=1 mem=4864 uuid=MIG-b"
    )
    assert [(d["uuid"], d["index"], d["memory_total"]) for d in found["devices"]] == [
        (UUID.format(0), 0, 40960),
        ("MIG-a", 1, 9856),
        ("MIG-b", 1, 4864),
    ]


def test_mig_without_slices_is_skipped(see: See) -> None:
    assert see("gpu mig=1")["skipped"] == ["GPU 0 has MIG switched on and no slices made"]


def test_the_library_is_shut_down_also_after_an_error(see: See, driver: FakeDriver) -> None:
    proof = driver.conf.with_name("shut_down")
    proof.unlink(missing_ok=True)
    see("gpu", "fail fn=nvmlDeviceGetCount_v2 err=999")
    assert proof.exists()


def test_an_inherited_choice_is_kept(see: See) -> None:
    found = see(*["gpu"] * 4, CUDA_VISIBLE_DEVICES="3,1")
    assert (indices(found), found["why"]) == ([3, 1], None)


def test_an_inherited_empty_choice_says_so(see: See) -> None:
    found = see("gpu", "gpu", CUDA_VISIBLE_DEVICES="")
    assert (indices(found), found["why"]) == ([], "CUDA_VISIBLE_DEVICES='' hides all 2 GPUs")


@pytest.mark.gpu
def test_a_real_gpu_is_detected_and_claimed(tmp_path: Path) -> None:
    found = gpus.detect()
    if not found.devices:
        pytest.skip(f"no GPU: {found.why}")
    listed = subprocess.check_output(["nvidia-smi", "-L"], text=True)
    assert all(device.uuid in listed for device in found.devices)
    first = found.devices[0]
    chosen = [{"uuid": first.uuid, "index": first.index}]
    with (
        slots.enqueue(str(tmp_path), "job") as ticket,
        ticket.try_claim(chosen, 1) or pytest.fail("not free"),
    ):
        assert gpus.table(found, tmp_path)[0].state == "held"


def test_without_a_driver_the_module_that_asks_it_is_not_imported() -> None:
    told = "print(gpus.detect({}).why, 'pynvml' in sys.modules)"
    code = f"import sys; from sweeptree import gpus; {told}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if "no NVIDIA driver" not in done.stdout:
        pytest.skip("this machine has a driver")
    assert done.stdout.endswith("False\n")
