"""Connects a command to Prefect: the server that PREFECT_API_URL names, else the managed local one.

Hides: that the environment must be complete before prefect is imported, that the console stays
ours, and that a process whose server has died would hang for minutes at its end.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.engine import server
from sweeptree.engine.dead_sweeps import mark_dead_sweeps
from sweeptree.engine.server import profile
from sweeptree.errors import Refused, ServerError, SweeptreeError
from sweeptree.settings import Settings
from sweeptree.system import loading

LEAVE_SECONDS = 20.0
MARK_SECONDS = 10.0

# Prefect's own lines go to its UI; the console belongs to the live view and the final summary.
_QUIET = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    # the graph says which tasks have finished
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_MAX_LOG_SIZE": "100000",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


@dataclass
class Engine:
    """Where Prefect is.

    `managed` is None for a server that is not ours; `trouble` says why there is no server.
    """

    api_url: str
    ui_url: str
    managed: server.Server | None
    outages: list[server.Outage] = field(default_factory=list)
    trouble: SweeptreeError | None = None

    @property
    def way_to_ui(self) -> str:
        """The UI's address, and what opens it where a browser must be let in; empty without one."""
        is_private = self.managed is not None and bool(self.ui_url)
        return f"{self.ui_url}   open it: sweeptree server open" if is_private else self.ui_url

    def lose(self, trouble: SweeptreeError) -> None:
        """There is no server for this sweep: say so at once."""
        self.trouble, self.ui_url = trouble, ""
        say(f"{trouble.message}\nthe sweep runs by its files, without the Prefect UI")

    def notice(self) -> str | None:
        """One line about what the UI missed, or None."""
        if self.trouble is not None:
            next_steps = "; ".join(self.trouble.hint)
            return f"the Prefect UI lacks this sweep, the records lack nothing; next: {next_steps}"
        if not self.outages:
            return None
        since = self.outages[0].since.astimezone().strftime("%H:%M:%S")
        back = "it is back" if self.outages[-1].until is not None else "it is still away"
        return (
            f"the Prefect server was away from {since} on ({back}); "
            "the UI may lack what happened then, the records lack nothing"
        )


@contextlib.contextmanager
def connected(settings: Settings, *, quiet: bool = True) -> Iterator[Engine]:
    """Make the environment ready for Prefect and keep the managed server alive meanwhile.

    Raises ServerError.
    """
    if quiet:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        logging.raiseExceptions = False  # else lost records are told on the console, batch by batch
    url = os.environ.get("PREFECT_API_URL")
    port = server.own_port(settings.home, url) if url else settings.server_port
    if url and port is None:
        yield _foreign_server(url)
        return
    managed = _managed_server(settings, port or 0)
    engine = Engine(managed.api_url, managed.ui_url, managed)
    with (
        _dead_sweeps_marked(managed),
        server.Watchdog(settings.home, managed.port) as watchdog,
        _no_heartbeats(),
    ):
        engine.outages = watchdog.outages
        yield engine


@contextlib.contextmanager
def _dead_sweeps_marked(managed: server.Server) -> Iterator[None]:
    """Mark the runs of killed sweeps in a while, when this sweep's start is over and holds its own
    lock, or at its end."""
    over = threading.Event()

    def mark() -> None:
        over.wait(MARK_SECONDS)
        with contextlib.suppress(SweeptreeError):  # only the picture of a dead run stays wrong
            mark_dead_sweeps(managed)

    thread = threading.Thread(target=mark, name="dead-sweeps", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=2.0)


def _no_heartbeats() -> contextlib.AbstractContextManager[object]:
    """No heartbeats for the managed server, where nobody waits for them: each flow's end would wait
    for up to a second.

    A run whose process died is told from a living one by the locks of its sweep (`resume`,
    `doctor`).
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


@contextlib.contextmanager
def connected_or_not(settings: Settings) -> Iterator[Engine]:
    """As `connected`; but where the managed server cannot be had there is an Engine with `trouble`,
    and no error."""
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(connected(settings))
        except ServerError as error:
            engine = _without(settings, error)
        except OSError as error:
            text = f"the Prefect server could not be started: {error.strerror}"
            engine = _without(settings, ServerError(text, hint="sweeptree doctor"))
        yield engine


def _without(settings: Settings, trouble: ServerError) -> Engine:
    os.environ.update(server.offline_environment(settings.home))
    engine = Engine("", "", None)
    engine.lose(trouble)
    return engine


def _foreign_server(url: str) -> Engine:
    """The server that PREFECT_API_URL names. Raises Refused when it cannot be used."""
    _check_reachable(url)
    # Otherwise each request to a dead server costs a minute.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "3")
    if profile.is_in_use():  # the key of our own server is not for others
        os.environ.setdefault("PREFECT_API_AUTH_STRING", "")
        os.environ.setdefault("PREFECT_CLIENT_CUSTOM_HEADERS", "{}")
    _check_access(url)
    return Engine(url, url.removesuffix("/").removesuffix("/api"), None)


def _check_access(url: str) -> None:
    """Raise Refused when the server wants a key that is not set, or another one."""
    import httpx

    try:
        answer = httpx.get(f"{url.rstrip('/')}/admin/version", headers=_credentials(), timeout=10)
    except httpx.HTTPError:
        return  # it answered its health check: what else is wrong shows when it is used
    if answer.status_code in (401, 403):
        raise Refused(
            "the Prefect server that PREFECT_API_URL names wants a key: "
            f"it answers {answer.status_code} to the one that is set, or to none",
            hint=(
                "set PREFECT_API_AUTH_STRING (its auth string) or PREFECT_API_KEY (Prefect Cloud)",
                "or `unset PREFECT_API_URL` to use the local one that sweeptree manages",
            ),
        )


def _credentials() -> dict[str, str]:
    """What Prefect would send, from the environment or the user's profile."""
    from prefect.settings import get_current_settings

    api = get_current_settings().api
    auth = api.auth_string.get_secret_value() if api.auth_string is not None else ""
    if auth:
        return {"Authorization": server.authorization(auth)}
    if api.key is not None:
        return {"Authorization": f"Bearer {api.key.get_secret_value()}"}
    return {}


def _check_reachable(url: str) -> None:
    """Raise Refused when nothing answers at a server that is not ours (any answer will do: it may
    ask for a key)."""
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("it is no http address")
        health = f"{url.rstrip('/')}/health"
        urllib.request.urlopen(health, timeout=10).close()  # noqa: S310 - checked above
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError) as error:
        raise Refused(
            f"the Prefect server that PREFECT_API_URL names does not answer: {error}",
            hint=(
                "start it",
                "or `unset PREFECT_API_URL` to use the local one that sweeptree manages",
            ),
        ) from error


def _managed_server(settings: Settings, port: int) -> server.Server:
    """Start or find the server, and import Prefect while it starts: its address is known before it
    answers."""
    running = server.status(settings.home)
    if running is None:
        say("starting the local Prefect server (once; it stays for the next sweeps) ...")
    with ThreadPoolExecutor(max_workers=1) as side:
        starting = side.submit(server.ensure, settings.home, port)
        early = running or _first_sign(settings.home, starting)
        if early is not None:
            os.environ.update(server.environment(early))
            with loading.much_at_once():
                importlib.import_module("sweeptree.flows.sweep")
        managed = starting.result()
    if early is not None and early.api_url != managed.api_url:
        raise ServerError(
            f"the Prefect server moved to {managed.api_url} while it started", hint="try again"
        )
    os.environ.update(server.environment(managed))
    if managed.moved and running is None:
        say(f"port {managed.wanted_port} is busy; the Prefect server listens on {managed.port}")
    return managed


def _first_sign(home: Path, starting: Future[server.Server]) -> server.Server | None:
    """The server as soon as its address is known; None when its start ended before."""
    early = None
    while early is None and not starting.done():
        early = server.status(home)
        time.sleep(0.02)
    return early


def leave_in_time(code: int, *, seconds: float = LEAVE_SECONDS) -> int:
    """Return the code, and make sure that the process ends soon.

    Prefect would try for minutes to reach a dead server.
    """

    def leave() -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
    return code


def say(text: str) -> None:
    """One line of progress on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
