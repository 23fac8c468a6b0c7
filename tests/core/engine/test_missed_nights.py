"""Only the newest of several missed nights runs."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from sweeptree.engine import missed_nights

MONDAY, TUESDAY = datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 24, 2, tzinfo=UTC)


def newer(monkeypatch: pytest.MonkeyPatch, due: list[datetime], **fields: Any) -> datetime | None:
    known = {"deployment_id": uuid4(), "auto_scheduled": True, "expected_start_time": MONDAY}
    run = FlowRun(flow_id=uuid4(), **{**known, **fields})
    monkeypatch.setattr(missed_nights, "due_now", lambda _: due)
    return missed_nights._newer(run)


def test_a_night_is_skipped_when_a_newer_one_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    assert newer(monkeypatch, [TUESDAY]) == TUESDAY


def test_the_newest_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert newer(monkeypatch, [MONDAY], expected_start_time=TUESDAY) is None


@pytest.mark.parametrize("fields", [{"auto_scheduled": False}, {"deployment_id": None}])
def test_what_a_person_started_always_runs(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    assert newer(monkeypatch, [TUESDAY], **fields) is None


def test_outside_a_flow_run_there_is_no_night() -> None:
    assert missed_nights.newer_night() is None
