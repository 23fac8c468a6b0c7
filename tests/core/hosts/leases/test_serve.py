"""The process itself: what it prints, when it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.hosts.leases.http_kit import wait_for
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.server_process import EXIT_ALIVE, ServePaths, endpoint_of
from sweeptree.hosts.leases.token import make_token
from sweeptree.hosts.leases.transport import Transport

SERVE = [sys.executable, "-m", "sweeptree.hosts.leases.serve"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_token(ServePaths(tmp_path).token)
    return tmp_path


def served(home: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*SERVE, str(home), *options], stdout=subprocess.PIPE, text=True)


def test_it_prints_its_port_and_ends_by_itself(home: Path) -> None:
    with served(home, "--idle", "0.5") as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == endpoint_of(home).where()
        assert process.wait(60) == 0


@pytest.mark.slow
def test_who_waits_keeps_it_alive(home: Path) -> None:
    """The call waits for longer than the process would live without it."""
    with served(home, "--idle", "2") as process, Transport(endpoint_of(home)) as transport:
        assert process.stdout is not None
        process.stdout.readline()
        driver = DriverClient(transport, "x")
        driver.open(1)
        assert driver.collect(0, wait=4) == []
        assert process.wait(60) == 0


def test_a_second_one_leaves_the_first_alone(home: Path) -> None:
    with served(home) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with served(home) as second:
            assert second.wait(60) == EXIT_ALIVE
        assert first.poll() is None
        first.terminate()
        wait_for(lambda: first.poll() is not None)


def test_it_does_not_load_the_engine(home: Path) -> None:
    code = "import sys, sweeptree.hosts.leases.serve; print('prefect' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
