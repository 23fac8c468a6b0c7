"""What the form takes."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sweeptree.repair.spec import CIFixSpec


def test_times_are_read_as_text_too() -> None:
    spec = CIFixSpec.model_validate({"timeout": "2m", "budget": "60s", "keep_env": "A,B"})
    assert (spec.timeout, spec.budget, spec.keep_env) == (120.0, 60.0, ("A", "B"))


@pytest.mark.parametrize(
    "given",
    [
        {"worktree": Path("w"), "pull_request": 1},
        {"budget": 0},
        {"pull_request": 0},
        {"test_command": " "},
        {"aply_patch": True},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CIFixSpec.model_validate(given)
