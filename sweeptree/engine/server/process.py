"""Start, find and stop the one managed server of a home.

Hides: the order of things that makes two callers at once end up with one server. Whoever starts or
stops it holds `server.lock`; the server itself holds `server.alive` from its first moment to its
last, so that a living server is found even when the one that started it was killed half-way.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sweeptree.engine.server import database, network
from sweeptree.engine.server.config import (
    EXIT_ALIVE,
    EXIT_BUSY,
    HOST,
    PORTS_TRIED,
    Server,
    ServerPaths,
    StartPolicy,
    server_environment,
)
from sweeptree.engine.server.identity import Process
from sweeptree.engine.server.profile import refresh_profile
from sweeptree.engine.server.token import auth_string, make_token, token_path
from sweeptree.errors import RecordError, ServerError
from sweeptree.records import read_json
from sweeptree.system import locks

_DEFAULT = StartPolicy()
_STEP = 0.05


def ensure(home: Path, port: int, manner: StartPolicy = _DEFAULT) -> Server:
    """The living server of `home`, started in the background if there is none.

    Returns once it answers.

    A busy `port` gives one of the next ports (see `Server.moved`); port 0 gives any. After a crash
    the port that it had is tried first. Raises ServerError, with the end of the server's log.
    """
    server = status(home)
    if server is not None and _has_token(server) and server.answers(1.0):
        return server
    paths = _paths(home)
    with _guard(paths, manner):
        server = status(home)
        if server is not None:
            if _has_token(server) and _answers_in_time(server, manner):
                return server
            _end(paths, server, manner.stop)  # it is silent, or nobody can have its token any more
        network.refuse_network_disk(paths.home)
        make_token(paths.home)
        auth_string(paths.home)  # refuses a token that others could know, before anything starts
        return _start(paths, port, manner)


def status(home: Path) -> Server | None:
    """The server whose process lives, or None. It may still be starting: ask `Server.answers`."""
    paths = _paths(home)
    if not locks.is_held(paths.alive):
        return None
    for _ in range(20):  # between taking its lock and writing its record lie some milliseconds
        server = _read(paths)
        if server is not None:
            return server
        time.sleep(_STEP)
    return None


def own_port(home: Path, api_url: str) -> int | None:
    """The port that an address names, when it is that of this home's server, also of one that has
    ended; else None."""
    try:
        named = urlsplit(api_url)
        port = named.port
    except ValueError:
        return None
    server = status(home)
    known = {str(server.port)} if server is not None else set()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        known.add(_paths(home).address.read_text(encoding="ascii").strip())
    is_ours = named.scheme == "http" and named.hostname in (HOST, "localhost")
    return port if is_ours and str(port) in known else None


def stop(home: Path) -> bool:
    """End exactly the server of `home` and whatever it started. False when none was running."""
    paths = _paths(home)
    if not paths.home.is_dir():
        return False
    with _guard(paths, _DEFAULT):
        server = status(home)
        with contextlib.suppress(FileNotFoundError):
            paths.record.unlink()  # first: a watchdog must see that it was asked for
        if server is None:
            return False
        _end(paths, server, _DEFAULT.stop)
        return True


def database_trouble(home: Path) -> str | None:
    """Why the server's database cannot be used; None when it can, or when there is none yet.

    It is only read.
    """
    return database.trouble(_paths(home))


def set_database_aside(home: Path) -> Path:
    """Rename the database, so that the next server begins with a new one; returns where the old one
    stands now.

    Raises ServerError while a server of this home lives.
    """
    paths = _paths(home)
    with _guard(paths, _DEFAULT):
        if status(home) is not None:
            raise ServerError(
                "the Prefect server runs on this database",
                hint="sweeptree server stop, then try again",
            )
        return database.set_aside(paths)


def hold(server: Server) -> Process | None:
    """The process of `server`, or None when it has ended."""
    identity = _identity(ServerPaths(server.home).alive)
    return Process.open(*identity) if identity is not None and identity[0] == server.pid else None


def stopped_on_request(home: Path) -> bool:
    """True when the server was stopped by `stop`, not by a crash (or was never started)."""
    return not _paths(home).record.exists()


def _has_token(server: Server) -> bool:
    return os.path.lexists(token_path(server.home))


def _paths(home: Path) -> ServerPaths:
    return ServerPaths(
        home.absolute()
    )  # the server's process runs in `home`, so a relative path would mislead it


@contextlib.contextmanager
def _guard(paths: ServerPaths, manner: StartPolicy) -> Iterator[None]:
    try:
        paths.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        patience = manner.start + manner.stop
        lock = locks.hold(paths.guard, mode=0o600, patience=patience, pause=_STEP)
    except BlockingIOError:
        raise ServerError(
            "another command has been starting or stopping the Prefect server for minutes",
            hint="sweeptree server status",
        ) from None
    except OSError as error:
        raise ServerError(
            f"{paths.home} cannot be written: {error.strerror}",
            hint="set SWEEPTREE_HOME to a folder of yours",
        ) from error
    with lock:
        yield


def _identity(path: Path) -> tuple[int, int | None] | None:
    try:
        value = read_json(path)
        return int(value["pid"]), value["start_ticks"]
    except (RecordError, KeyError, TypeError, ValueError):
        return None


def _read(paths: ServerPaths) -> Server | None:
    """The record, if it is the one that the holder of the lock wrote."""
    try:
        value = read_json(paths.record)
        server = Server(
            api_url=f"http://{HOST}:{value['port']}/api",
            ui_url=f"http://{HOST}:{value['port']}",
            pid=int(value["pid"]),
            port=int(value["port"]),
            home=paths.home,
            version=str(value["version"]),
            wanted_port=int(value["wanted_port"]),
            since=str(value.get("since", "")),
        )
    except (RecordError, KeyError, TypeError, ValueError):
        return None
    return server if _identity(paths.alive) == (server.pid, value["start_ticks"]) else None


def _answers_in_time(server: Server, manner: StartPolicy) -> bool:
    """Wait for a server that lives but is silent: long while it is young, shorter later."""
    with contextlib.suppress(OSError):
        age = time.time() - ServerPaths(server.home).record.stat().st_mtime
        return _wait_answer(server, max(manner.answer, manner.start - age))
    return False


def _wait_answer(server: Server, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.answers(1.0):
            return True
        if not locks.is_held(ServerPaths(server.home).alive):
            return False
        time.sleep(_STEP)
    return False


def _start(paths: ServerPaths, port: int, manner: StartPolicy) -> Server:
    port = port if manner.exact else _port_before(paths, port)
    if trouble := database.trouble(paths, glance=True):  # Prefect would try for a minute
        raise _broken(paths, trouble)
    code = _launch(paths, port, manner)
    server = status(paths.home)
    if server is not None and code in (0, EXIT_ALIVE) and _wait_answer(server, manner.start):
        refresh_profile(server)
        return server
    if code == EXIT_BUSY:
        raise ServerError(_busy(port, manner), hint="set SWEEPTREE_SERVER_PORT to a free port")
    if server is not None:
        _end(paths, server, manner.stop)
    raise _not_started(paths)


def _not_started(paths: ServerPaths) -> ServerError:
    if trouble := database.trouble(paths):
        return _broken(paths, trouble)
    return ServerError(
        f"the Prefect server did not start: {_last_line(paths.log)}",
        hint=(f"read {paths.log}", "sweeptree server start"),
    )


def _port_before(paths: ServerPaths, wanted: int) -> int:
    """The port of the server before, which running sweeps know; the wanted one without any."""
    with contextlib.suppress(RecordError, KeyError):
        return int(read_json(paths.record)["port"])
    return wanted


def _broken(paths: ServerPaths, trouble: str) -> ServerError:
    return ServerError(
        f"the Prefect server did not start: its database {paths.database} is broken ({trouble})",
        hint="sweeptree doctor --repair sets it aside, and the next server begins with a new one",
    )


def _busy(port: int, manner: StartPolicy) -> str:
    return (
        f"port {port} is in use"
        if manner.exact
        else f"the ports {port} to {port + PORTS_TRIED - 1} are all in use"
    )


def _launch(paths: ServerPaths, port: int, manner: StartPolicy) -> int:
    """Run the server's process until it stands on its own.

    Returns 0, EXIT_ALIVE, EXIT_BUSY or another failure.
    """
    argv = [sys.executable, "-P", "-m", "sweeptree.engine.server", str(paths.home), str(port)]
    log = os.open(
        paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        return subprocess.run(
            [*argv, "exact" if manner.exact else "next", manner.app],
            cwd=paths.home,
            env=server_environment(paths.home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            timeout=manner.start,
        ).returncode
    except subprocess.TimeoutExpired:
        return 1
    finally:
        os.close(log)


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError), log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        lines = [
            line for line in stream.read().decode(errors="replace").splitlines() if line.strip()
        ]
        return lines[-1].strip() if lines else "it said nothing"
    return "its log cannot be read"


def _end(paths: ServerPaths, server: Server, patience: float) -> None:
    """TERM, wait, KILL: only the process that holds the lock of this home, and its own session."""
    process = hold(server) if locks.is_held(paths.alive) else None
    if process is None:
        return
    with process:
        process.terminate()
        if not process.ended(patience):
            process.kill_session()
        if not process.ended(_DEFAULT.stop):
            raise ServerError(
                f"the Prefect server (process {server.pid}) does not end", hint=f"read {paths.log}"
            )
