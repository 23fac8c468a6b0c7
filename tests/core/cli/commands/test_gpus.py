"""`sweeptree gpus`: the GPUs, who holds their slots, who waits."""

import json
import os

import pytest

from core.cli_records import call
from sweeptree.cli.commands.gpus import _lines
from sweeptree.gpus import Detection, GpuRow


def test_gpus_without_a_gpu_says_that_cores_are_the_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    ran = call("gpus")
    assert ran.code == 0 and f"{len(os.sched_getaffinity(0))} cores are the slots" in ran.out


def test_gpus_json_is_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    document = json.loads(call("gpus", "--json").out)
    assert (document["gpus"], document["slots_are"]) == ([], "cores") and document["why"]


def test_gpus_are_listed_with_who_holds_them_and_who_waits() -> None:
    detection = Detection((), "560.1", None, ("GPU 2 has fallen off the bus",))
    rows = [
        GpuRow(
            0, "RTX 4090", "GPU-aaaa", 24576, 22630, 71, "held", ("unet job 3",), ("unet job 5",)
        ),
        GpuRow(1, "RTX 4090", "GPU-bbbb", 24576, 24000, None, "free", (), ()),
    ]
    head, titles, first, second, *rest = _lines(detection, rows, 2)
    assert head == "2 GPUs, driver 560.1" and {"gpu", "free", "slot", "held"} <= set(titles.split())
    assert "22.1/24 GB" in first and "unet job 3" in first and second.split()[-1] != "GPU-aaaa"
    assert rest[-1] == "  skipped: GPU 2 has fallen off the bus"
