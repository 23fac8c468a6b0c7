"""A Prefect worker on a host, for people who share a Prefect server.

With the private server of this machine none is needed: its lanes are started over ssh.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sweeptree.errors import UsageError
from sweeptree.hosts.inventory import Entry
from sweeptree.hosts.setting_up import worker_program
from sweeptree.hosts.ssh import Master

POOL = "sweeptree-hosts"
SERVICE = "sweeptree-worker.service"
_PATIENCE = 60.0  # seconds
_SECONDS_BETWEEN_LOOKS = "5"  # a look each second would cost the server five times as much
_HERE_ONLY = frozenset(("127.0.0.1", "localhost", "::1", "0.0.0.0"))  # noqa: S104 - refused
_PASSED_ON = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """The work pool to serve, and the shared server with what opens it."""

    variables: Mapping[str, str] = field(repr=False)
    pool: str = POOL


def worker_order(environ: Mapping[str, str]) -> WorkerOrder:
    """A worker for the shared server that the environment names.

    Raises UsageError where it names none, or one that only this machine reaches.
    """
    url = environ.get("PREFECT_API_URL", "")
    if not url:
        raise UsageError(
            "--worker is for a shared Prefect server, and PREFECT_API_URL is not set",
            hint="leave it out: with the server of this machine, hosts need no worker",
        )
    if urlsplit(url).hostname in _HERE_ONLY:
        raise UsageError(
            "PREFECT_API_URL names this very machine, which a host cannot reach",
            hint="leave out --worker, or give the address that hosts know it by",
        )
    found = {name: environ[name] for name in _PASSED_ON if environ.get(name)}
    return WorkerOrder({**found, "PREFECT_WORKER_QUERY_SECONDS": _SECONDS_BETWEEN_LOOKS})


def start_worker(master: Master, entry: Entry, order: WorkerOrder, lingering: str) -> None:
    """Start the worker, or start it anew; it outlives this command. Raises HostError."""
    host = entry.host
    argv = [host.python, "-P", "-m", "prefect", "worker", "start", "--type", "process"]
    told = {
        "argv": [*argv, "--pool", order.pool, "--name", host.name],
        "environment": dict(order.variables),
        "service": SERVICE,
        "lingering": lingering,
    }
    master.ask(_program(entry, "start"), json.dumps(told).encode(), _PATIENCE)


def stop_worker(master: Master, entry: Entry) -> None:
    """End the worker, and forget what opens the server. Raises HostError."""
    master.ask(_program(entry, "stop"), timeout=_PATIENCE)


def _program(entry: Entry, verb: str) -> list[str]:
    text = Path(worker_program.__file__).read_text(encoding="utf-8")
    return [entry.host.python, "-I", "-S", "-c", text, verb, entry.host.home]
