"""The state that a sweep's flow run ends in."""

from pathlib import Path

import pytest

from sweeptree.agents.experiment_orchestrator import as_state
from sweeptree.errors import Refused
from sweeptree.model import ExitCode
from sweeptree.sweep import outcome
from sweeptree.sweep.outcome import SweepReport


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        (ExitCode.OK, "Completed", "COMPLETED"),
        (ExitCode.JOBS_FAILED, "Failed", "FAILED"),
        (ExitCode.STEP_FAILED, "DeliveryFailed", "FAILED"),
        (ExitCode.TIME_LIMIT, "TimedOut", "FAILED"),
        (ExitCode.INTERRUPTED, "Cancelled", "CANCELLED"),
    ],
)
def test_the_state_follows_from_the_exit_code(code: ExitCode, name: str, kind: str) -> None:
    state = as_state(SweepReport(code, {"succeeded": 1}, "1 succeeded", Path("results/x")))
    assert (state.name, state.type.value, state.message) == (name, kind, "1 succeeded")


def test_a_refusal_is_one_line() -> None:
    state = as_state(outcome.refused(Refused("it runs", hint="sweeptree status x")))
    assert (state.name, state.message) == ("Refused", "it runs; sweeptree status x")
