"""Which runs can have died, before anything is asked of a server."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from sweeptree.engine.dead_sweeps import mark_dead_sweeps
from sweeptree.engine.server import Server
from sweeptree.engine.server.token import make_token
from sweeptree.errors import ServerError
from sweeptree.records import SweepPaths, holder


def test_a_server_that_is_away_is_an_error_and_no_lock_is_left(tmp_path: Path) -> None:
    make_token(tmp_path)
    paths = SweepPaths(tmp_path / "sweep")
    paths.state.mkdir(parents=True)
    with paths.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        gone = Server("http://127.0.0.1:1/api", "http://127.0.0.1:1", 1, 1, tmp_path, "3", 0)
        with pytest.raises(ServerError, match="does not answer"):
            mark_dead_sweeps(gone)
        assert holder(paths) is not None
    assert holder(paths) is None
