"""What a sweep's spec takes and refuses, and which jobs a resume takes."""

from typing import Any

import pytest
from pydantic import ValidationError

from sweeptree.model import Cause, JobState, Resume, SweepSpec


@pytest.mark.parametrize("name", ["a", "unet_lr-3.e4", "A" * 64])
def test_good_names(name: str) -> None:
    assert SweepSpec(exp_name=name, commands=("true",)).exp_name == name


@pytest.mark.parametrize("name", ["", "-a", "a/b", "a..b", "a.", "a.lock", "A" * 65])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a sweep's name is"):
        SweepSpec(exp_name=name, commands=("true",))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "give one of commands"),
        ({"commands": ["a"], "template": "t"}, "give one of commands"),
        ({"commands": ["a"], "grid": {"lr": [1]}}, "needs a template"),
        ({"commands": [" "]}, "a command is empty"),
        ({"commands": ["a"], "devices": "first"}, "a GPU is named"),
        ({"commands": ["a"], "no_such_field": 1}, "Extra inputs"),
        ({"commands": ["a"], "timeout": 0}, "greater than 0"),
        ({"commands": ["a"], "gpu_mem": "0G"}, "greater than or equal to 1"),
    ],
)
def test_specs_that_make_no_sense_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SweepSpec.model_validate({"exp_name": "x", **values})


def test_every_field_says_what_it_is() -> None:
    assert all(field.description for field in SweepSpec.model_fields.values())
    assert all(field.description for field in Resume.model_fields.values())


@pytest.mark.parametrize(
    ("resume", "state", "taken"),
    [
        (Resume(), JobState.LOST, True),
        (Resume(), None, True),
        (Resume(), JobState.FAILED, False),
        (Resume(failed=True), JobState.TIMED_OUT, True),
        (Resume(failed=True), JobState.SUCCEEDED, False),
        (Resume(jobs=(3,)), JobState.SUCCEEDED, True),
    ],
)
def test_which_jobs_run_again(resume: Resume, state: JobState | None, taken: bool) -> None:
    assert resume.takes(3, state) is taken


@pytest.mark.parametrize(
    ("cause", "taken"), [(Cause.GPU_MEMORY, True), (Cause.HOST_MEMORY, True), (None, False)]
)
def test_jobs_out_of_memory_run_again_when_asked(cause: Cause | None, taken: bool) -> None:
    assert Resume(oom=True).takes(0, JobState.FAILED, cause) is taken
