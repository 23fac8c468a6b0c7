"""The endpoint as a process of its own."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.hosts.leases.http_kit import wait_for
from sweeptree.errors import ServerError
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.server_process import (
    ServePaths,
    end_serving,
    endpoint_of,
    ensure_serving,
)
from sweeptree.hosts.leases.token import read_token
from sweeptree.hosts.leases.transport import Transport
from sweeptree.system import locks


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a home?"
    yield folder
    end(folder)


def end(folder: Path) -> None:
    end_serving(folder)
    wait_for(lambda: not folder.exists() or not locks.is_held(ServePaths(folder).alive))


def test_callers_at_once_start_one_process(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        endpoints = list(pool.map(lambda _: ensure_serving(home), range(3)))
    assert len({each.where() for each in endpoints}) == 1
    with Transport(endpoints[0]) as transport:
        assert transport.call_once("alive", {}) == {"protocol": 1}
    who = json.loads(ServePaths(home).address.read_bytes())
    assert os.getsid(who["pid"]) == who["pid"]


def test_its_files_are_private_and_the_token_is_in_no_command_line(home: Path) -> None:
    ensure_serving(home)
    for path in home.iterdir():
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path.name
    who = json.loads(ServePaths(home).address.read_bytes())
    token = read_token(ServePaths(home).token)
    argv = Path(f"/proc/{who['pid']}/cmdline").read_bytes()
    assert token.encode() not in argv
    assert b"hosts.leases.serve" in argv


def test_leases_outlive_it(home: Path) -> None:
    with Transport(ensure_serving(home)) as transport:
        DriverClient(transport, "x").open(1)
    end(home)
    with Transport(ensure_serving(home)) as transport:
        assert DriverClient(transport, "x").collect(0, wait=0) == []


def test_ending_one_that_does_not_live_says_so(home: Path) -> None:
    assert end_serving(home) is False
    ensure_serving(home)
    assert end_serving(home) is True


def test_one_that_cannot_start_says_where_to_read_why(home: Path) -> None:
    home.mkdir()
    ServePaths(home).token.write_text("x")
    ServePaths(home).token.chmod(0o644)
    with pytest.raises(ServerError, match="ended at once") as failed:
        ensure_serving(home)
    assert str(ServePaths(home).log) in failed.value.hint[0]
    with pytest.raises(Exception, match="0644"):
        endpoint_of(home)
