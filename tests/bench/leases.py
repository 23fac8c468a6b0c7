"""What a lease costs at the endpoint: the time of each call, and an idle lane's share of a core.

The endpoint is the process of its own, asked over loopback; each grant and result is on the disk
before the answer.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from sweeptree.hosts.leases.client import DriverClient, LaneClient
from sweeptree.hosts.leases.server_process import ServePaths, end_serving, ensure_serving
from sweeptree.hosts.leases.transport import Transport
from sweeptree.hosts.values import Lane, Leased, Offer, Result
from tests.bench.lab import Lab

LANES = 8


def run(lab: Lab) -> None:
    """Calls one after the other, then lanes that have nothing to do."""
    home = lab.place("leases") / "home"
    try:
        with Transport(ensure_serving(home)) as transport:
            rows = _calls(transport, lab.size(300, 10))
            rows.append(_idle(transport, home, lab.size(20, 1)))
    finally:
        end_serving(home)
    lab.report("leases", rows, note="over loopback, synchronous=FULL; idle: lanes that wait")


def _calls(transport: Transport, jobs: int) -> list[dict[str, object]]:
    driver = DriverClient(transport, "calls")
    lane = LaneClient(transport, "calls", "gpu1")
    driver.open(1)
    lane.join(Lane("gpu1", "gpu1", "b", 2))
    offered = _time(lambda: driver.offer(Offer(job) for job in range(jobs)))
    leases: list[Leased] = []
    times = {
        "lease": [_time(lambda: leases.extend(lane.lease(free=1).leases)) for _ in range(jobs)],
        "beat": [_time(lambda: lane.beat(leases[:4], wait=0)) for _ in range(jobs)],
        "finish": [_time(partial(_finish, lane, each)) for each in leases],
    }
    driver.close()
    first = {"call": f"offer of {jobs}", "median ms": round(offered, 2)}
    return [first, *(_row(call, found) for call, found in times.items())]


def _finish(lane: LaneClient, leased: Leased) -> None:
    lane.finish(Result(leased.job, leased.attempt, {"metrics": {"loss": 0.5}}))


def _idle(transport: Transport, home: Path, seconds: int) -> dict[str, object]:
    """LANES lanes without work, each with its heartbeat and a wait for a job."""
    driver = DriverClient(transport, "idle")
    driver.open(LANES)
    names = [f"gpu{number}" for number in range(LANES)]
    for name in names:
        LaneClient(transport, "idle", name).join(Lane(name, name, "b", 2))
    driver.offer([Offer(1, gpus=1)])
    end = threading.Event()
    lanes = [LaneClient(transport, "idle", name) for name in names]
    known = lanes[0].beat([], wait=0).version
    acts = [act for lane in lanes for act in (_waits(lane), _beats(lane, known))]
    threads = [threading.Thread(target=_until, args=(end, act)) for act in acts]
    for thread in threads:
        thread.start()
    share = _share_of_core(home, seconds)
    end.set()
    driver.close()
    for thread in threads:
        thread.join()
    return {"call": f"{LANES} idle lanes", "% of a core": round(share, 2)}


def _waits(lane: LaneClient) -> Callable[[], object]:
    return lambda: lane.lease(free=1, wait=5)


def _beats(lane: LaneClient, known: int) -> Callable[[], object]:
    return lambda: lane.beat([], known)


def _until(end: threading.Event, act: Callable[[], object]) -> None:
    while not end.is_set():
        act()


def _share_of_core(home: Path, seconds: int) -> float:
    process = psutil.Process(json.loads(ServePaths(home).address.read_bytes())["pid"])
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return 100 * used / seconds


def _time(act: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    act()
    return 1e3 * (time.perf_counter() - begun)


def _row(call: str, times: list[float]) -> dict[str, object]:
    return {
        "call": call,
        "median ms": round(statistics.median(times), 2),
        "slowest of 20 ms": round(statistics.quantiles(times, n=20)[-1], 2),
    }
