"""Watches the managed server below a running sweep and brings it back when it dies.

Hides: how a death is noticed (the kernel says so at once through a pidfd; a silent server by its
health check), and that several sweeps restart it once: the restart is `ensure`, on the same port
and database.
"""

from __future__ import annotations

import os
import select
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sweeptree.engine.server.config import Server, StartPolicy
from sweeptree.engine.server.identity import Process
from sweeptree.engine.server.process import ensure, hold, status, stopped_on_request
from sweeptree.errors import ServerError

_DEFAULT = StartPolicy()
PROBE_EVERY = 5.0  # seconds between health checks of a server whose process lives
PROBES_MISSED = 3  # health checks that a busy server may miss in a row
LOOK_EVERY = (
    1.0  # seconds between looks: for a server stopped on request, and at a process without a pidfd
)
TRIES = 5  # restarts in a row that fail, or whose server dies before its first health check


class Outage(NamedTuple):
    """A time without a server, in UTC; `until` is None while it lasts."""

    since: datetime
    until: datetime | None


class Watchdog:
    """Context manager: restarts the server of `home` on `port` while it is open.

    `outages` says when it was away.

    A server that was stopped on request is not restarted, only waited for. Nothing is raised: after
    TRIES restarts in vain it gives up, and the last outage stays open.
    """

    def __init__(self, home: Path, port: int, manner: StartPolicy = _DEFAULT) -> None:
        self.outages: list[Outage] = []
        self._home = home
        self._port = port
        self._manner = replace(manner, exact=True)
        self._tries = 0
        self._closing = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="server-watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        os.close(self._wake_write)  # the other end wakes up; its thread closes it
        self._thread.join(timeout=2)  # a restart on its way is guarded and ends without us

    def _run(self) -> None:
        try:
            while not self._closing.is_set() and self._tries < TRIES:
                server = status(self._home)
                if server is not None and server.port == self._port:
                    self._watch(server)
                else:
                    self._recover()
        finally:
            os.close(self._wake_read)

    def _watch(self, server: Server) -> None:
        """Return once the server has ended or was silent for too long and got replaced, or we are
        closing."""
        process = hold(server)
        if process is None:
            return
        with process:
            missed = 0
            if server.answers(PROBE_EVERY):
                self._end_outage()
            while not self._ended(process):
                if server.answers(PROBE_EVERY):
                    missed = self._tries = (
                        0  # it has lived for a while: not one that dies again and again
                    )
                    self._end_outage()
                    continue
                missed += 1
                if missed >= PROBES_MISSED:
                    self._recover()
                    return

    def _ended(self, process: Process) -> bool:
        """Wait until the next health check is due. True when there is nothing left to watch."""
        if process.handle is not None:
            return bool(select.select([self._wake_read, process.handle], [], [], PROBE_EVERY)[0])
        return self._closing.wait(LOOK_EVERY) or process.ended(0)

    def _recover(self) -> None:
        self._begin_outage()
        if stopped_on_request(self._home):
            self._closing.wait(LOOK_EVERY)
            return
        self._tries += 1
        try:
            server = ensure(self._home, self._port, self._manner)
        except (ServerError, OSError):
            self._closing.wait(2.0**self._tries)
            return
        if server.port == self._port:
            self._end_outage()
        else:
            self._tries = (
                TRIES  # it came back elsewhere, and our own address cannot change any more
            )

    def _begin_outage(self) -> None:
        if not self.outages or self.outages[-1].until is not None:
            self.outages.append(Outage(datetime.now(UTC), None))

    def _end_outage(self) -> None:
        if self.outages and self.outages[-1].until is None:
            self.outages[-1] = Outage(self.outages[-1].since, datetime.now(UTC))
