"""The program that keeps a worker running on the host, on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.hosts.leases.http_kit import wait_for
from sweeptree.hosts.setting_up import worker_program
from sweeptree.hosts.setting_up.worker_program import assignments, quoted, ticks

ECHO = "import os, time; print(os.environ['SECRET'], flush=True); time.sleep(600)"


def call(home: Path, verb: str, told: object = None) -> "subprocess.CompletedProcess[str]":
    text = Path(worker_program.__file__).read_text()
    argv = [sys.executable, "-I", "-S", "-c", text, verb, str(home)]
    return subprocess.run(argv, input=json.dumps(told), capture_output=True, text=True)


def order(program: str) -> dict[str, object]:
    return {
        "argv": [sys.executable, "-c", program],
        "environment": {"SECRET": "s3"},
        "service": "x.service",
        "lingering": "",
    }


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A host's folder; its worker is ended."""
    yield tmp_path
    call(tmp_path, "stop")


def pid_of(home: Path) -> int:
    return json.loads((home / "worker.json").read_text())["pid"]


def test_a_worker_outlives_the_call_and_ends_on_request(home: Path) -> None:
    assert call(home, "start", order(ECHO)).returncode == 0
    pid = pid_of(home)
    os.kill(pid, 0)
    wait_for(lambda: (home / "worker.log").read_text() == "s3\n")
    assert "s3" not in Path(f"/proc/{pid}/cmdline").read_text()
    assert (home / "worker.json").stat().st_mode & 0o777 == 0o600
    assert call(home, "stop").returncode == 0
    assert ticks(pid) == ""
    assert not (home / "worker.json").exists()


def test_a_new_start_ends_the_earlier_worker(home: Path) -> None:
    call(home, "start", order(ECHO))
    first = pid_of(home)
    call(home, "start", order(ECHO))
    assert pid_of(home) != first
    assert ticks(first) == ""


def test_a_worker_that_ends_at_once_is_told(home: Path) -> None:
    failed = call(home, "start", order("raise SystemExit(3)"))
    assert failed.returncode == 1
    assert "exit code 3" in failed.stderr


def test_stopping_where_there_is_none(home: Path) -> None:
    assert call(home, "stop").returncode == 0


def test_how_systemd_reads_words() -> None:
    assert quoted('a "b" \\') == '"a \\"b\\" \\\\"'
    assert assignments({"A": "1", "B": "x y"}) == 'A="1"\nB="x y"\n'
