"""The endpoint in a process of its own, for sweeps that use a Prefect server of somebody else's.

`python -m sweeptree.hosts.leases.serve HOME` serves the leases of a folder on a free port of
127.0.0.1. Hides how there is one such process per folder, how it is found (a flocked file, and a
file of mode 0600 with port, pid and start time), and that it ends when nobody called for an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn

from sweeptree.hosts.leases.app import LeaseApp
from sweeptree.hosts.leases.server_process import EXIT_ALIVE, ServePaths
from sweeptree.hosts.leases.token import bearer, read_token
from sweeptree.system import locks
from sweeptree.system.listening import listen_on
from sweeptree.system.processes import start_ticks

IDLE_SECONDS = 3600.0
_LOOKS = 60  # times within the idle seconds that it looks whether anybody called
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def main(argv: list[str]) -> None:
    """Serve until nobody has called for so long. Exit code EXIT_ALIVE: another one does."""
    asked = _arguments(argv)
    paths = ServePaths(asked.home)
    try:
        locks.take(paths.alive, mode=0o600, patience=1.0)
    except BlockingIOError:
        raise SystemExit(EXIT_ALIVE) from None
    app = LeaseApp(paths.database, bearer(read_token(paths.token)))
    listener = listen_on(0)
    if asked.background:
        _go_on_alone(paths.address, listener)
    else:
        _tell(paths.address, listener, os.getpid())
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
    _serve(app, listener, asked.idle)


def _serve(app: LeaseApp, listener: socket.socket, idle: float) -> None:
    server = uvicorn.Server(_config(app))
    end = threading.Thread(target=_end_when_idle, args=(server, app, idle), daemon=True)
    end.start()
    server.run(sockets=[listener])


def _go_on_alone(address: Path, listener: socket.socket) -> None:
    """Let the process that was started end, once it is known where its child listens."""
    child = os.fork()
    if child:
        _tell(address, listener, child)
        os._exit(0)
    os.setsid()


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweeptree.hosts.leases.serve")
    parser.add_argument("home", type=Path, help="the folder with leases.token and leases.db")
    parser.add_argument(
        "--idle", type=float, default=IDLE_SECONDS, help="seconds without a call until it ends"
    )
    parser.add_argument("--background", action="store_true", help="return once it listens")
    return parser.parse_args(argv)


def _config(app: LeaseApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        # longer than any client keeps an idle connection: no request meets a closing one
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )


def _end_when_idle(server: uvicorn.Server, app: LeaseApp, idle: float) -> None:
    while time.monotonic() - app.last_call < idle:
        time.sleep(idle / _LOOKS)
    server.should_exit = True


def _tell(path: Path, listener: socket.socket, pid: int) -> None:
    """Say where it is, in one step for whoever looks."""
    who = {
        "port": listener.getsockname()[1],
        "pid": pid,
        "start_ticks": start_ticks(pid),
    }
    aside = path.with_name(f".{path.name}.{pid}")
    file = os.open(aside, _NEW, 0o600)
    try:
        os.write(file, json.dumps(who).encode())
    finally:
        os.close(file)
    aside.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
