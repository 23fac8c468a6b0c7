"""Flow runs of sweeps whose process was killed, and which nobody resumed: they become Crashed.

Prefect never learns of such a death and shows the run as Running for ever. That it died is known
from the sweep's lock, which is held here while its run is marked; before the sweep has begun, and
after its end, from the lock of its process (`living_runs`). Needs no Prefect.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sweeptree.engine.living_runs import dead_runs, forget_runs
from sweeptree.engine.server import Server
from sweeptree.engine.server.api import ask_json
from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths, read_sweep
from sweeptree.system import locks

_UNDER_WAY = {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
_SWEEPS = {"name": {"any_": ["experiment-orchestrator"]}}
_CRASHED = {
    "type": "CRASHED",
    "name": "Crashed",
    "message": "its process was killed; `sweeptree resume` goes on with the sweep",
}


def mark_dead_sweeps(server: Server) -> list[str]:
    """Mark what died as Crashed; the names of those sweeps. Raises ServerError."""
    body = {"flows": _SWEEPS, "flow_runs": _UNDER_WAY, "limit": 200}
    runs = ask_json(server, "POST", "/api/flow_runs/filter", body)
    marked = []
    for run in runs:
        paths = _results_of(run)
        if paths is not None and _mark_if_dead(server, run, paths):
            marked.append(paths.root.name)
    return marked + _mark_without_process(server)


def _mark_without_process(server: Server) -> list[str]:
    """Those that are under way though their process has ended; what is over is forgotten."""
    dead = dead_runs(server.home)
    if not dead:
        return []
    body = {"flow_runs": {"id": {"any_": dead}, **_UNDER_WAY}}
    found = ask_json(server, "POST", "/api/flow_runs/filter", body)
    for run in found:
        _mark(server, [run["id"], *_children(server, run["id"])])
    forget_runs(server.home, dead)
    return [run["name"] for run in found]


def _results_of(run: Mapping[str, Any]) -> SweepPaths | None:
    """Where the results of a sweep's run stand; None where that cannot be told any more."""
    from sweeptree.repository import find_repository
    from sweeptree.sweep.preflight import results_root

    try:
        spec = SweepSpec.model_validate(run["parameters"]["spec"])
        root = results_root(spec, find_repository(spec.repo)) / spec.exp_name
    except (KeyError, TypeError, ValidationError, SweeptreeError, OSError):
        return None
    return SweepPaths(root)


def _mark_if_dead(server: Server, run: Mapping[str, Any], paths: SweepPaths) -> bool:
    with _held(paths) as is_ours:
        root = _root_of_dead(paths) if is_ours else None
        if root is None:
            return False
        runs = [root, *_children(server, root)]
        if run["id"] not in runs:  # the sweep was begun again since, and this is another run of it
            return False
        _mark(server, runs)
    return True


@contextlib.contextmanager
def _held(paths: SweepPaths) -> Iterator[bool]:
    """Keep a sweep from being driven; False where it is driven, or where there is no lock.

    The lock is shared: others see nobody drive the sweep meanwhile, and who resumes it waits.
    """
    try:
        file = os.open(paths.lock, os.O_RDONLY | locks.OPEN_SAFELY)
    except OSError:
        yield False
        return
    try:
        yield locks.lock(file, locks.SHARED)
    finally:
        os.close(file)


def _root_of_dead(paths: SweepPaths) -> str | None:
    """The flow run that the sweep of this machine began and never ended."""
    try:
        facts = read_sweep(paths)
    except RecordError:
        return None
    is_over = facts.get("ended_at") is not None
    is_elsewhere = facts.get("host") != platform.node()
    if is_over or is_elsewhere:
        return None
    try:
        return str(UUID(facts.get("flow_run_id")))
    except (TypeError, ValueError, AttributeError):  # a sweep that ran without a server has none
        return None


def _children(server: Server, root: str) -> list[str]:
    body = {"flow_runs": {"parent_flow_run_id": {"any_": [root]}}}
    return [run["id"] for run in ask_json(server, "POST", "/api/flow_runs/filter", body)]


def _mark(server: Server, runs: list[str]) -> None:
    chosen = {"id": {"any_": runs}}
    tasks = {"flow_runs": chosen, "task_runs": _UNDER_WAY}
    flows = {"flow_runs": {**chosen, **_UNDER_WAY}}
    for kind, body in (("task_runs", tasks), ("flow_runs", flows)):
        for found in ask_json(server, "POST", f"/api/{kind}/filter", body):
            state = {"state": _CRASHED, "force": True}
            ask_json(server, "POST", f"/api/{kind}/{found['id']}/set_state", state)
