"""The arguments of a plan are those of a sweep, and are checked before anything is run."""

import pytest
from pydantic import ValidationError

from sweeptree.dispatch.plan_arguments import PlanArguments
from sweeptree.model import SweepSpec


def test_a_plan_takes_the_options_of_a_sweep_with_their_descriptions() -> None:
    fields = PlanArguments.model_fields
    assert fields["template"].description == SweepSpec.model_fields["template"].description
    assert {"repo", "keep_env"}.isdisjoint(fields)


def test_jobs_of_a_chat_run_in_worktrees() -> None:
    made = PlanArguments.model_validate({"exp_name": "a", "commands": ["true"]})
    assert made.model_dump()["use_worktree"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp_name": "../a"},
        {"exp_name": "a", "comands": ["true"]},
        {"exp_name": "a", "commands": ["a\0b"]},
        {"exp_name": "a", "commands": ["true"], "template": "x {lr}"},
    ],
)
def test_what_is_wrong_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlanArguments.model_validate(wrong)
