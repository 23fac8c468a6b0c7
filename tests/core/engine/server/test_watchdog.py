"""A watchdog where there is no server: it waits for one that was stopped on request."""

from __future__ import annotations

import time
from pathlib import Path

from sweeptree.engine.server import Watchdog, status


def test_a_server_that_was_stopped_on_request_is_waited_for(tmp_path: Path) -> None:
    with Watchdog(tmp_path, 1) as dog:
        deadline = time.monotonic() + 10
        while not dog.outages and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [outage.until for outage in dog.outages] == [None]
    assert status(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
