"""The GPUs that Slurm gave."""

from __future__ import annotations

import pytest

from sweeptree.hosts.slurm.node import devices
from sweeptree.supervise.command import Attempt

LAUNCH = {"slots": None}


@pytest.mark.parametrize(
    ("value", "names"), [("", []), ("0", ["0"]), ("0,3", ["0", "3"]), ("GPU-ab", ["GPU-ab"])]
)
def test_they_are_those_that_are_visible(
    monkeypatch: pytest.MonkeyPatch, value: str, names: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert devices.given() == names


def test_without_a_driver_they_bear_slurm_s_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    attempt = Attempt(LAUNCH)
    devices.attach(attempt, "/nowhere")
    assert attempt.gpus == ["0", "1"]
    assert attempt.meter is None


def test_without_gres_there_is_nothing_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    attempt = Attempt(LAUNCH)
    devices.attach(attempt, "/nowhere")
    assert (attempt.gpus, attempt.meter) == ([], None)
