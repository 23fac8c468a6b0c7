"""The values that the rooms share."""

import pytest

from sweeptree import errors
from sweeptree.model import ExitCode, JobState


def test_a_state_is_final_once_an_attempt_has_ended() -> None:
    running = [state for state in JobState if not state.is_final]
    assert running == [JobState.PLANNED, JobState.RUNNING]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError, ExitCode.USAGE),
        (errors.Refused, ExitCode.REFUSED),
        (errors.PushError, ExitCode.STEP_FAILED),
        (errors.ForgeError, ExitCode.STEP_FAILED),
    ],
)
def test_errors_end_with_the_exit_codes_of_a_sweep(
    error: type[errors.SweeptreeError], code: ExitCode
) -> None:
    assert error.exit_code == code


def test_an_interrupted_command_ends_as_a_shell_ends_it() -> None:
    assert ExitCode.INTERRUPTED == 128 + 2
