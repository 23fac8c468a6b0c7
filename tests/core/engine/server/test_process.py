"""Finding and stopping the server of a home where none runs, and what only looks like one."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeptree.engine.server import ensure, status, stop
from sweeptree.errors import ServerError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "a home?"


def test_a_record_of_a_reused_pid_is_nobodys_server(home: Path) -> None:
    home.mkdir()
    who = {"pid": os.getpid(), "start_ticks": 1, "port": 1, "wanted_port": 1, "version": "0"}
    for name in ("server.json", "server.alive"):
        (home / name).write_text(json.dumps(who))
    assert status(home) is None
    assert not stop(home)


def test_stop_never_signals_a_process_that_started_at_another_time(home: Path) -> None:
    home.mkdir()
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    who = {"pid": bystander.pid, "start_ticks": 1, "port": 1, "wanted_port": 1, "version": "0"}
    for name in ("server.json", "server.alive"):
        (home / name).write_text(json.dumps(who))
    with (home / "server.alive").open() as held, bystander:
        fcntl.flock(held, fcntl.LOCK_EX)
        stop(home)
        assert bystander.poll() is None
        bystander.kill()


def test_a_home_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerError) as caught:
        ensure(tmp_path / "file" / "home", 0)
    assert "SWEEPTREE_HOME" in caught.value.hint[0]


def test_status_and_stop_import_neither_prefect_nor_httpx(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; p = Path(sys.argv[1]);"
        "from sweeptree.engine import server;"
        "server.status(p); server.stop(p); print({'prefect', 'httpx', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
