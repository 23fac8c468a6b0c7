"""Deliveries of one process: a token that was refused is tried once."""

import pytest

from sweeptree.errors import ForgeError, PushError
from sweeptree.publish.delivery import Gate


def fail(gate: Gate, kind: str) -> None:
    with pytest.raises(PushError), gate.passing():
        raise PushError("no", kind=kind, hint="make a new token")


def test_after_a_refused_token_nothing_is_tried() -> None:
    gate = Gate()
    fail(gate, "auth")
    with pytest.raises(ForgeError, match="was refused a moment ago: no") as refused, gate.passing():
        raise AssertionError("it was tried")
    assert (refused.value.kind, refused.value.hint) == ("auth", ("make a new token",))


def test_other_failures_stop_nobody() -> None:
    gate = Gate()
    fail(gate, "network")
    with gate.passing():
        pass


def test_once_it_has_worked_many_pass_at_once() -> None:
    gate = Gate()
    with gate.passing():
        pass
    with gate.passing(), gate.passing():
        pass
