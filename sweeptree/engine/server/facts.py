"""How a home's server and worker are: since when, with how much memory, and what comes next.

Only looks: nothing is started. Hides where the kernel and Prefect's API say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeptree.engine.server.api import ask_json
from sweeptree.engine.server.config import Server
from sweeptree.engine.server.process import status
from sweeptree.engine.server.worker import Worker, wanted_worker
from sweeptree.errors import SweeptreeError

MOST_SCHEDULES = 5
_SCHEDULED = {"state": {"type": {"any_": ["SCHEDULED"]}}}


@dataclass(frozen=True, slots=True)
class NextRun:
    """The next run of a deployment, `flow/deployment`, in UTC."""

    deployment: str
    at: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be said of a home's server and worker."""

    server: Server | None
    healthy: bool
    worker: Worker | None
    next_runs: tuple[NextRun, ...]
    trouble: str = ""

    def document(self) -> dict[str, object]:
        """The same as one JSON document."""
        server = self.server
        return {
            "running": server is not None,
            "healthy": self.healthy,
            "api_url": server.api_url if server else None,
            "ui_url": server.ui_url if server else None,
            "pid": server.pid if server else None,
            "version": server.version if server else None,
            "since": server.since if server else None,
            "memory_mb": memory_mb(server.pid) if server else None,
            "worker": _worker_document(self.worker),
            "next_runs": [{"deployment": run.deployment, "at": run.at} for run in self.next_runs],
        }

    def lines(self) -> list[str]:
        """The same for people: the server, its worker, what comes next."""
        return [self.server_line(), *self._worker_lines(), *self.next_lines()]

    def server_line(self) -> str:
        """Whether the server runs, and where."""
        if self.server is None:
            return "no Prefect server of ours runs\n  sweeptree server start"
        state = "runs" if self.healthy else "is starting, or too busy to answer"
        detail = _process_detail(self.server.pid, self.server.since)
        return f"the Prefect server {state}: {self.server.ui_url} ({detail})"

    def _worker_lines(self) -> list[str]:
        return [worker_line(self.worker)] if self.worker is not None else []

    def next_lines(self) -> list[str]:
        """The next run of each deployment, soonest first."""
        lines = [f"next: {run.deployment} at {_local(run.at)}" for run in self.next_runs]
        return [*lines, self.trouble] if self.trouble else lines


def look(home: Path) -> Facts:
    """Look at the server and the worker of a home."""
    server, worker = status(home), wanted_worker(home)
    if server is None or not server.answers():
        return Facts(server, False, worker, ())
    try:
        return Facts(server, True, worker, _next_runs(server))
    except SweeptreeError as error:
        return Facts(server, True, worker, (), "; ".join([error.message, *error.hint]))


def memory_mb(pid: int) -> int | None:
    """The resident memory of a process in MB; None where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    kilobytes = text.partition("VmRSS:")[2].split()
    return round(int(kilobytes[0]) / 1024) if kilobytes else None


def _next_runs(server: Server) -> tuple[NextRun, ...]:
    body = {"flow_runs": _SCHEDULED, "sort": "EXPECTED_START_TIME_ASC", "limit": 200}
    first: dict[str, str] = {}
    for run in ask_json(server, "POST", "/api/flow_runs/filter", body):
        if run["deployment_id"]:
            first.setdefault(run["deployment_id"], run["expected_start_time"])
    soonest = list(first.items())[:MOST_SCHEDULES]
    return tuple(NextRun(_deployment(server, which), at) for which, at in soonest)


def _deployment(server: Server, which: str) -> str:
    found: dict[str, Any] = ask_json(server, "GET", f"/api/deployments/{which}")
    flow: dict[str, Any] = ask_json(server, "GET", f"/api/flows/{found['flow_id']}")
    return f"{flow['name']}/{found['name']}"


def _worker_document(worker: Worker | None) -> dict[str, object] | None:
    if worker is None:
        return None
    return {
        "running": worker.pid is not None,
        "pid": worker.pid,
        "pool": worker.pool,
        "since": worker.since,
        "memory_mb": memory_mb(worker.pid) if worker.pid is not None else None,
    }


def worker_line(worker: Worker) -> str:
    """Whether a worker runs."""
    if worker.pid is None:
        return f"the worker of the pool {worker.pool} has died\n  sweeptree server start"
    detail = _process_detail(worker.pid, worker.since)
    return f"a worker runs the deployments of the pool {worker.pool} ({detail})"


def _process_detail(pid: int, since: str) -> str:
    memory = memory_mb(pid)
    parts = [f"process {pid}"]
    parts += [f"since {_local(since)}"] if since else []
    parts += [f"{memory} MB"] if memory is not None else []
    return ", ".join(parts)


def _local(moment: str) -> str:
    """An ISO time in the zone of this machine."""
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    known = found if found.tzinfo else found.replace(tzinfo=UTC)
    return known.astimezone().strftime("%Y-%m-%d %H:%M")
