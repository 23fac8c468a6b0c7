"""How near a sweep of short jobs comes to the ideal, and how long until its first job runs (server
up; no server).

Times are those of the records: the makespan is from the first job's start to the last job's end.
"""

from __future__ import annotations

import math
import os
import subprocess
import time

from sweeptree.engine import server
from tests.bench import peers
from tests.bench.lab import Lab

PARALLEL = 8


def run(lab: Lab) -> None:
    """80 jobs of a second, eight at a time, against a thread pool; then first starts, warm and
    cold."""
    rows = [_makespan(lab, peer) for peer in (peers.sweeptree, peers.thread_pool_locked)]
    lab.report("makespan", rows, note=f"`sleep 1`, parallel {PARALLEL}")
    starts = [_first_start(lab, "warm", lab.env) for _ in range(lab.size(3, 1))]
    starts += [_cold_start(lab, number) for number in range(lab.size(2, 1))]
    lab.report("start", starts, note="from the command line to the first job running")


def _makespan(lab: Lab, peer: peers.Peer) -> dict[str, object]:
    jobs = lab.size(80, 16)
    ideal = float(math.ceil(jobs / PARALLEL))
    work = peers.Work(
        lab.repo(), lab.commands("sleep 1 # --seed {i}", jobs), PARALLEL, lab.place("out") / "bench"
    )
    ran = peers.run(peer, work, lab, beside=lab.warm_server().pid)
    span = ran.span or math.inf
    row = {"peer": peer.__name__, "jobs": jobs, "done": ran.done, "span_s": span, "ideal_s": ideal}
    cpu = {"cpu_s": ran.cost.cpu, "server_cpu_s": ran.cost.beside_cpu, "other": ran.cost.other}
    return {**row, "ratio": span / ideal, "wall_s": ran.cost.wall, **cpu}


def _cold_start(lab: Lab, number: int) -> dict[str, object]:
    home = lab.folder / f"cold_{number}"
    try:
        return _first_start(lab, "cold", {**lab.env, "SWEEPTREE_HOME": str(home)})
    finally:
        server.stop(home)


def _first_start(lab: Lab, kind: str, env: dict[str, str]) -> dict[str, object]:
    """Run a sweep of two jobs, not under `measured`: that would wait for the server that a cold
    start leaves."""
    if kind == "warm":
        lab.warm_server()
    work = peers.Work(lab.repo(), lab.commands("true --seed {i}", 2), 2, lab.place("out") / "bench")
    load, began = os.getloadavg()[0], time.time()
    argv = peers.sweeptree(work, env)
    subprocess.run(
        argv, cwd=work.repo, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    first = min(peers.moment(record["start_time"]) for record in peers.records(work.out))
    return {"start": kind, "first_job_s": first - began, "load": load}
