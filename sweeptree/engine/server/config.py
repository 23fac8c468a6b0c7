"""Where the managed server keeps its files, and the settings of its own process and of those that
talk to it.

Everything is set by environment variables of our own processes: the user's Prefect profile is
neither read nor changed.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree.engine.server.token import auth_string, authorization

HOST = "127.0.0.1"
PREFECT_APP = "sweeptree.engine.server.app:prefect_app"
PORTS_TRIED = 20
LOG_CAP = 4 * 1024 * 1024  # bytes, for each of server.log and server.log.1
# Exit codes of the server's process before it stands on its own.
EXIT_ALIVE = 10  # another server of this home lives
EXIT_BUSY = 11  # no port is free


@dataclass(frozen=True, slots=True)
class ServerPaths:
    """Every path of the managed server below its home (an absolute path)."""

    home: Path

    @property
    def guard(self) -> Path:
        """Flocked by whoever starts or stops the server."""
        return self.home / "server.lock"

    @property
    def alive(self) -> Path:
        """Flocked by the server's process as long as it lives; holds its pid and start time."""
        return self.home / "server.alive"

    @property
    def record(self) -> Path:
        """The port, pid and version. Left behind by a crash, removed by a stop on request."""
        return self.home / "server.json"

    @property
    def database(self) -> Path:
        """Prefect's SQLite database."""
        return self.home / "prefect.db"

    @property
    def leases(self) -> Path:
        """Who runs which job of the sweeps over hosts: a SQLite database of its own."""
        return self.home / "leases.db"

    @property
    def address(self) -> Path:
        """The port of the last start, kept when the server is stopped: old addresses name it."""
        return self.home / "server.port"

    @property
    def log(self) -> Path:
        """stdout and stderr of the server; the older half stands in server.log.1."""
        return self.home / "server.log"


@dataclass(frozen=True, slots=True)
class Server:
    """A managed server whose process lives.

    `wanted_port` differs from `port` when that one was busy.
    """

    api_url: str
    ui_url: str
    pid: int
    port: int
    home: Path
    version: str
    wanted_port: int
    since: str = ""  # UTC, ISO 8601

    @property
    def moved(self) -> bool:
        """True when the port that was asked for was busy and another one was taken."""
        return self.wanted_port not in (0, self.port)

    def answers(self, seconds: float = 2.0) -> bool:
        """True when the health check succeeds within `seconds`."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=seconds)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class StartPolicy:
    """How to start and wait. `app` is the ASGI factory to serve; the waits are seconds."""

    exact: bool = False  # this port or none
    app: str = PREFECT_APP
    start: float = (
        120.0  # until it answers; 10 are normal, but another start may be using all cores
    )
    answer: float = 15.0  # that a server which once answered may be too busy to do so
    stop: float = 10.0  # between TERM and KILL


# Events written one by one lag minutes behind a sweep; batches keep up. Whole seconds only: Prefect
# cuts the recorder's interval to an integer, and 0.5 became a loop without a pause that cost
# half a core.
_BATCHES = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}
# How often an idle server looks for what is overdue (seconds). Schedules, late runs (late
# after 15 s), leases and cancellations stay as quick as Prefect's own; these can wait.
_LOOKS = {
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "15",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "30",
}


def server_environment(home: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of the server's own process, which runs in `home`: the user's Prefect
    settings stay out."""
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(("PREFECT_", "GIT_"))
    }
    return (
        kept
        | _BATCHES
        | _LOOKS
        | {
            "PREFECT_HOME": str(home / "prefect"),
            # Relative on purpose: a home with "?" or "%" in its name would not survive inside a
            # URL.
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///prefect.db",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            # Prefect else copies its UI into site-packages, which may be read-only or shared.
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
    )


def offline_environment(home: Path) -> dict[str, str]:
    """What a process that does without a server must have in its environment before it imports
    prefect."""
    return {
        "PREFECT_API_URL": "",
        "PREFECT_HOME": str(home.absolute() / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def address_environment(port: int) -> dict[str, str]:
    """The settings that hang on the port.

    Only pages of our own UI may call the API from a browser.
    """
    return {
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port},http://localhost:{port}",
    }


def environment(server: Server) -> dict[str, str]:
    """The environment that a process needs before it imports prefect to talk to `server`.

    Raises Refused for a token that somebody else could know.
    """
    return {
        **access(server),
        # A key for another server, in the user's profile or environment, is never sent to this one.
        "PREFECT_API_KEY": "",
        "PREFECT_HOME": str(server.home / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        # Waits of 2, 4 and 8 s. A restarted server takes connections after a second; when none
        # comes back, a flow ends half a minute late instead of more than two.
        "PREFECT_CLIENT_MAX_RETRIES": "3",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "DO_NOT_TRACK": "1",
    }


def access(server: Server) -> dict[str, str]:
    """Prefect's settings for the address of a managed server and the right to use it.

    The header besides: some of Prefect's WebSockets tell the auth string only after the handshake.
    """
    auth = auth_string(server.home)
    return {
        "PREFECT_API_URL": server.api_url,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_CLIENT_CUSTOM_HEADERS": json.dumps({"Authorization": authorization(auth)}),
    }
