"""How a sweep shares out the machine."""

from typing import Any

import pytest

from sweeptree.errors import Refused
from sweeptree.gpus import Detection
from sweeptree.model import Device, SweepSpec
from sweeptree.sweep.shares import default_parallel, share_out

TWO = Detection(
    tuple(Device(f"GPU-{n}", n, "card", 40960, 40960) for n in range(2)), "550", None, ()
)
NONE = Detection((), None, "no driver", ())


def spec(**fields: Any) -> SweepSpec:
    return SweepSpec(exp_name="x", commands=("true",), **fields)


def test_each_job_gets_one_gpu_where_there_are_some() -> None:
    shares = share_out(spec(), TWO, 30)
    assert (shares.per_job, shares.parallel, shares.notes) == (1, 2, ())


def test_jobs_that_ask_for_two_run_one_at_a_time() -> None:
    assert share_out(spec(gpus=2), TWO, 30).parallel == 1


def test_never_more_at_once_than_there_are_jobs() -> None:
    assert share_out(spec(parallel=8, gpus=0), TWO, 3).parallel == 3


@pytest.mark.parametrize(
    ("fields", "found", "words"),
    [
        ({"gpus": 1}, NONE, "asks for 1 GPU, this machine offers 0: no driver"),
        ({"gpus": 3}, TWO, "asks for 3 GPUs, this machine offers 2"),
        (
            {"gpu_mem": 50000},
            TWO,
            "asks for 48.8 GB of each of 1 GPU, and the largest GPU has 40.0",
        ),
    ],
)
def test_what_the_machine_can_never_give_is_refused(
    fields: dict[str, Any], found: Detection, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        share_out(spec(**fields), found, 1)


def test_without_gpus_the_cores_are_the_slots() -> None:
    assert default_parallel(NONE, 0) >= 1
    assert share_out(spec(), NONE, 1).notes == ("no GPU: no driver; the cores are the slots",)
    assert "ask for no GPU" in share_out(spec(gpus=0), TWO, 1).notes[0]
