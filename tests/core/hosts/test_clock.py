"""The clock of a host, and its times by this machine's."""

from __future__ import annotations

import pytest

from sweeptree.hosts.clock import Clock

NOON = "2026-01-02T12:00:00+00:00"


@pytest.mark.parametrize(
    ("ahead", "here"),
    [
        (3600.0, "2026-01-02T11:00:00+00:00"),
        (-3600.5, "2026-01-02T13:00:00.500000+00:00"),
        (4.9, NOON),
        (0.0, NOON),
    ],
)
def test_times_are_those_of_this_machine(ahead: float, here: str) -> None:
    assert Clock("gpu2", ahead).here(NOON) == here


@pytest.mark.parametrize("text", [None, "", "noon"])
def test_what_is_no_time_stays(text: str | None) -> None:
    assert Clock("gpu2", 3600.0).here(text) == text


def test_a_clock_that_is_off_is_said_in_words() -> None:
    assert Clock("gpu2", 3600.2).remark == "the clock of gpu2 is 3600 s ahead of this machine's"
    assert Clock("gpu2", -60.0).remark == "the clock of gpu2 is 60 s behind this machine's"
    assert Clock("gpu2", 1.0).remark == ""
