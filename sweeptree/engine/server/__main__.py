"""The server's own process: `python -m sweeptree.engine.server HOME PORT exact|next APP`.

Hides: how the process becomes the one server of its home. It takes the flock on `server.alive` and
the port first (both cheap, so the caller learns at once of a second server or a busy port), leaves
the caller's session, writes the record, and only then imports Prefect and runs it under uvicorn.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import socket
import sys
import threading
import time
from importlib import import_module, metadata
from pathlib import Path

from sweeptree.engine.server.config import (
    EXIT_ALIVE,
    EXIT_BUSY,
    HOST,
    LOG_CAP,
    PORTS_TRIED,
    ServerPaths,
    address_environment,
)
from sweeptree.engine.server.gate import App, Gate
from sweeptree.engine.server.leases import with_leases
from sweeptree.engine.server.token import auth_string, replace_token
from sweeptree.system import locks
from sweeptree.system.clock import utc_now
from sweeptree.system.files import write_json
from sweeptree.system.listening import listen_on
from sweeptree.system.processes import start_ticks


def main(argv: list[str]) -> None:
    """Become the server: HOME PORT EXACT APP.

    Exit codes: EXIT_ALIVE (another one lives), EXIT_BUSY (no port).
    """
    home, port, exact, app = Path(argv[0]), int(argv[1]), argv[2] == "exact", argv[3]
    paths = ServerPaths(home)
    alive = _take(paths.alive)
    listener = _listen(port, 1 if exact else PORTS_TRIED)
    if port not in (0, listener.getsockname()[1]):
        # Whoever has the wanted port now may have heard our token from clients that look for us.
        replace_token(home)
    if os.fork():
        # The caller waits for this process only: it knows now that there is one server, and where.
        os._exit(0)
    os.setsid()
    _write_identity(alive, paths, listener.getsockname()[1], port)
    threading.Thread(target=_bound_log, args=(paths.log,), daemon=True).start()
    _serve(listener, paths, app)


def _take(path: Path) -> int:
    try:
        return locks.take(path, mode=0o600)
    except BlockingIOError:
        raise SystemExit(EXIT_ALIVE) from None


def _listen(port: int, tries: int) -> socket.socket:
    """The first free port; who connects while Prefect still loads waits."""
    for candidate in range(port, min(port + tries, 65536)):
        try:
            return listen_on(candidate, backlog=2048)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise SystemExit(EXIT_BUSY)


def _write_identity(alive: int, paths: ServerPaths, port: int, wanted: int) -> None:
    who = {"pid": os.getpid(), "start_ticks": start_ticks(os.getpid())}
    os.ftruncate(alive, 0)
    os.pwrite(alive, json.dumps(who).encode(), 0)
    version = metadata.version("prefect")
    paths.address.write_text(str(port), encoding="ascii")
    write_json(
        paths.record,
        who | {"port": port, "wanted_port": wanted, "version": version, "since": utc_now()},
    )


def _bound_log(path: Path) -> None:
    """Keep the log below LOG_CAP; what was in it moves to server.log.1 (the file is open for
    appending)."""
    while True:
        with contextlib.suppress(OSError):
            if os.fstat(2).st_size > LOG_CAP:
                shutil.copyfile(path, path.with_name(path.name + ".1"))
                os.ftruncate(2, 0)
        time.sleep(30)


def _serve(listener: socket.socket, paths: ServerPaths, app: str) -> None:
    port = listener.getsockname()[1]
    auth = auth_string(paths.home)
    os.environ.update(address_environment(port))
    # Prefect asks for it too. Not in the environment that we were started with: /proc shows that.
    os.environ["PREFECT_SERVER_API_AUTH_STRING"] = auth
    module, _, factory = app.partition(":")
    application: App = getattr(import_module(module), factory)()
    import uvicorn

    config = uvicorn.Config(
        Gate(with_leases(application, paths, auth), auth, port),
        host=HOST,
        port=port,
        log_config=None,
        access_log=False,
        # longer than any client keeps an idle connection: no request meets a closing one
        timeout_keep_alive=60,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
