"""How fast the forge is written to, and how long it may let us wait."""

import time
from pathlib import Path

import pytest

from sweeptree.publish.forge.pace import Pace, asked_wait, next_wait


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait"),
    [
        (403, {"retry-after": "7"}, "", 7.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}, "", 30.0),
        (403, {}, "You have exceeded a secondary rate limit", 60.0),
        (429, {}, "", 60.0),
        (429, {"retry-after": "Thu, 01 Jan 1970 00:17:00 GMT"}, "", 20.0),
        (429, {"retry-after": "9" * 400}, "", 1e12),
        (429, {"retry-after": "soon"}, "", 60.0),
        (403, {}, "Resource not accessible", None),
        (502, {"retry-after": "7"}, "", None),
    ],
)
def test_asked_wait(status: int, headers: dict[str, str], message: str, wait: float | None) -> None:
    assert asked_wait(status, headers, message, now=1000.0) == wait


def test_waits_grow_where_none_is_asked_for() -> None:
    assert [next_wait(0.0, attempt) for attempt in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert next_wait(7.0, 0) == 7.0


def test_a_write_waits_for_the_one_before(tmp_path: Path) -> None:
    waits: list[float] = []
    pace = Pace(tmp_path / "host.lock", interval=900.0, sleep=waits.append)
    with pace.writing():
        pass
    with pace.writing():
        pass
    assert len(waits) == 1 and 0 < waits[0] <= 900


def test_a_clock_that_went_back_makes_nobody_wait_longer(tmp_path: Path) -> None:
    waits: list[float] = []
    (tmp_path / "host.lock").write_text(f"{time.time() + 1e6}\n")
    with Pace(tmp_path / "host.lock", interval=2.0, sleep=waits.append).writing():
        pass
    assert waits == [2.0]
