"""The Prefect worker that runs deployments on this machine, in the background beside the managed
server.

Hides: how one worker per home stays findable. The lock of `worker.alive` is passed to the worker's
process and lives exactly as long as it; its pid counts only together with its start time.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sweeptree.engine.server.identity import Process
from sweeptree.errors import RecordError, ServerError
from sweeptree.records import read_json
from sweeptree.system import locks
from sweeptree.system.processes import start_ticks

TERM_PATIENCE = 10.0  # seconds; a worker may sleep through a first TERM and leave on a second


def ensure_worker(home: Path, pool: str, environment: Mapping[str, str]) -> int:
    """The pid of this home's worker for the pool, started in the background if there is none."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        lock = locks.hold(_alive(home), mode=0o600)
    except BlockingIOError:
        return _pid_of_other(home)
    except OSError as error:
        raise ServerError(
            f"{_alive(home)} cannot be locked: {error.strerror}",
            hint="set SWEEPTREE_HOME to a folder of yours on a local disk",
        ) from error
    with lock as alive:
        return _start(home, pool, environment, alive)


def _pid_of_other(home: Path) -> int:
    process = _process(home)
    if process is None:
        raise ServerError("a worker is being started by another command", hint="sweeptree deploy")
    with process:
        return process.pid


def stop_worker(home: Path) -> bool:
    """End this home's worker.

    False when none was running. Flow runs that it started end with it.
    """
    process = _process(home)
    if process is None:
        return False
    with process:
        for _ in range(2):
            process.terminate()
            if process.ended(TERM_PATIENCE):
                return True
        process.kill_session()
        process.ended(TERM_PATIENCE)
    return True


def worker_pid(home: Path) -> int | None:
    """The pid of the living worker, or None."""
    process = _process(home)
    if process is None:
        return None
    with process:
        return process.pid


def _start(home: Path, pool: str, environment: Mapping[str, str], alive: int) -> int:
    argv = [
        sys.executable,
        "-P",
        "-m",
        "prefect",
        "worker",
        "start",
        "--pool",
        pool,
        "--type",
        "process",
    ]
    log = os.open(
        home / "worker.log",
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC,
        0o600,
    )
    try:
        child = subprocess.Popen(
            argv,
            cwd=home,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(alive,),
        )
    finally:
        os.close(log)
    os.ftruncate(alive, 0)
    os.pwrite(
        alive, json.dumps({"pid": child.pid, "start_ticks": start_ticks(child.pid)}).encode(), 0
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = child.wait(timeout=1.0)
        raise ServerError(
            f"the worker ended at once with exit code {code}", hint=f"read {home / 'worker.log'}"
        )
    return child.pid


def _process(home: Path) -> Process | None:
    try:
        value = read_json(_alive(home))
        return Process.open(int(value["pid"]), value["start_ticks"])
    except (RecordError, KeyError, TypeError, ValueError):
        return None


def _alive(home: Path) -> Path:
    return home / "worker.alive"
