"""Whether the flow run of an earlier process of a sweep died."""

from uuid import uuid4

import pytest

from sweeptree.engine.earlier import died

RUN = uuid4()


def test_a_process_that_never_wrote_its_end_has_died() -> None:
    assert died({"flow_run_id": str(RUN), "ended_at": None}, "another") == RUN


@pytest.mark.parametrize(
    "facts",
    [
        {"flow_run_id": str(RUN), "ended_at": "2026-01-01T00:00:00+00:00"},
        {"flow_run_id": None},
        {"flow_run_id": "no uuid"},
        {},
    ],
)
def test_one_that_ended_or_had_no_flow_run_has_not(facts: dict[str, str | None]) -> None:
    assert died(facts, "another") is None


def test_our_own_run_has_not_died() -> None:
    assert died({"flow_run_id": str(RUN)}, str(RUN)) is None
