"""A refusal is the same on both sides of the wire."""

from __future__ import annotations

import pytest

from sweeptree.hosts.leases import problems
from sweeptree.hosts.leases.problems import LeaseError, problem


@pytest.mark.parametrize("name", ["BadCall", "NoToken", "NoSuchSweep", "NotJoined", "Unusable"])
def test_a_kind_is_raised_again_as_what_it_was(name: str) -> None:
    raised = getattr(problems, name)("why", hint="next")
    again = problem(raised.kind, raised.message, raised.hint)
    assert type(again) is type(raised)
    assert (again.message, again.hint) == ("why", ("next",))


def test_a_kind_of_a_later_version_is_a_refusal_too() -> None:
    assert type(problem("new", "why")) is LeaseError
