"""The time as it is written down."""

from datetime import UTC, datetime

import pytest

from sweeptree.system.clock import parse_time, utc_now


def test_now_is_read_back_as_it_was_written() -> None:
    moment = parse_time(utc_now())
    assert moment is not None
    assert moment.tzinfo is UTC


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    assert parse_time("2026-11-25T11:43:00") == datetime(2026, 11, 25, 11, 43, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "", None, 1764070980, {"at": 3}])
def test_what_is_no_time_is_none(text: object) -> None:
    assert parse_time(text) is None
