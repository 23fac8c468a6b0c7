"""Arguments keep what specs say, refuse what is misspelt, and are dry runs unless told."""

import pytest
from pydantic import ValidationError

from sweeptree.dispatch.arguments import (
    CiFixArguments,
    MergeArguments,
    PlanArguments,
    ReviewArguments,
    StartArguments,
    StatusArguments,
    WorktreesArguments,
)
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


def test_nothing_leaves_the_machine_unless_told() -> None:
    assert MergeArguments(subject="a").dry_run and WorktreesArguments().dry_run
    assert not (CiFixArguments().apply_patch or ReviewArguments().post)
    assert not StartArguments(plan_id="p").publish


def test_a_wait_is_shorter_than_clients_are_patient() -> None:
    with pytest.raises(ValidationError):
        StatusArguments(wait_s=51)
