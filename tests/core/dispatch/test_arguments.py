"""Arguments are dry runs unless told, and refuse what is misspelt."""

import pytest
from pydantic import ValidationError

from sweeptree.dispatch.arguments import (
    CiFixArguments,
    MergeArguments,
    ReviewArguments,
    StartArguments,
    StatusArguments,
    WorktreesArguments,
)


def test_nothing_leaves_the_machine_unless_told() -> None:
    assert MergeArguments(subject="a").dry_run and WorktreesArguments().dry_run
    assert not (CiFixArguments().apply_patch or ReviewArguments().post)
    assert not StartArguments(plan_id="p").publish


def test_what_is_misspelt_is_refused() -> None:
    with pytest.raises(ValidationError):
        MergeArguments.model_validate({"subject": "a", "dryrun": False})


def test_a_wait_is_shorter_than_clients_are_patient() -> None:
    with pytest.raises(ValidationError):
        StatusArguments(wait_s=51)
