"""Starting, finding and ending the endpoint that is a process of its own; see `serve`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import ServerError
from sweeptree.hosts.leases.token import bearer, make_token, read_token
from sweeptree.hosts.leases.transport import Endpoint
from sweeptree.system import locks
from sweeptree.system.processes import is_running

EXIT_ALIVE = 10  # another process serves the folder
START_SECONDS = 30.0
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_SERVE = "sweeptree.hosts.leases.serve"
_PRIVATE = ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "PREFECT_CLIENT_CUSTOM_HEADERS")


@dataclass(frozen=True, slots=True)
class ServePaths:
    """Every path of the endpoint below its home."""

    home: Path

    @property
    def database(self) -> Path:
        """The leases."""
        return self.home / "leases.db"

    @property
    def token(self) -> Path:
        """What opens it."""
        return self.home / "leases.token"

    @property
    def address(self) -> Path:
        """Its port, pid and start time."""
        return self.home / "leases.json"

    @property
    def alive(self) -> Path:
        """Flocked by the process as long as it lives."""
        return self.home / "leases.alive"

    @property
    def guard(self) -> Path:
        """Flocked by whoever starts it."""
        return self.home / "leases.lock"

    @property
    def log(self) -> Path:
        """What it says when something is wrong."""
        return self.home / "leases.log"


def ensure_serving(home: Path) -> Endpoint:
    """The endpoint of a folder, started in the background if none lives. Raises ServerError."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = ServePaths(home)
    if not paths.token.exists():
        make_token(paths.token)
    with locks.hold(paths.guard, mode=0o600, patience=START_SECONDS):
        if not locks.is_held(paths.alive):
            _start(paths)
    return endpoint_of(home)


def endpoint_of(home: Path) -> Endpoint:
    """How to reach the endpoint of a folder; its port is read again for each connection."""
    paths = ServePaths(home)
    return Endpoint(lambda: _port(paths), bearer(read_token(paths.token)))


def end_serving(home: Path) -> bool:
    """Ask the process of a folder to end; False where none lives. Leases stay in the file."""
    paths = ServePaths(home)
    try:
        who = json.loads(paths.address.read_bytes())
        pid, ticks = int(who["pid"]), int(who["start_ticks"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not locks.is_held(paths.alive) or not is_running(pid, ticks):
        return False
    os.kill(pid, signal.SIGTERM)
    return True


def _start(paths: ServePaths) -> None:
    """Start it; the process that is run returns once its child listens."""
    argv = [sys.executable, "-P", "-m", _SERVE, str(paths.home.absolute()), "--background"]
    log = os.open(paths.log, _APPEND, 0o600)
    try:
        done = subprocess.run(
            argv,
            env=_without_secrets(os.environ),
            cwd=paths.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=START_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(paths, f"did not start within {START_SECONDS:g} s") from error
    finally:
        os.close(log)
    if done.returncode not in (0, EXIT_ALIVE):
        raise _failed(paths, f"ended at once with exit code {done.returncode}")


def _failed(paths: ServePaths, why: str) -> ServerError:
    return ServerError(f"the server of the leases {why}", hint=f"read {paths.log}")


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in _PRIVATE}


def _port(paths: ServePaths) -> int:
    return int(json.loads(paths.address.read_bytes())["port"])
