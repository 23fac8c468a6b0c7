"""A sweep of 10,000 jobs of `true` through the whole product: plan, memory, and whether the last
jobs cost more.

While the sweep runs, its ledger and the CPU of the driver and of the server are looked at;
`measured` would tell the sums, and a cost that grows with the jobs done is hidden in a sum. Wall
times hang on who else works on the machine, CPU does not.
"""

from __future__ import annotations

import subprocess
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil

from sweeptree.records import SweepPaths
from tests.bench import peers
from tests.bench.lab import Lab
from tests.bench.measure import measured, process_cpu

PARALLEL = 8
LOOK_SECONDS = 0.5
ENDED = b'"state":"succeeded"'


@dataclass
class Course:
    """What was seen: at each look the jobs done, the wall clock, and the CPU seconds of driver and
    server."""

    done: list[int] = field(default_factory=list)
    clocks: list[tuple[float, float, float]] = field(default_factory=list)
    rss: int = 0

    def at(self, jobs: int) -> tuple[float, float, float]:
        """The clocks when that many jobs were done: between two looks, a straight line."""
        place = min(max(1, bisect_left(self.done, jobs)), len(self.done) - 1)
        before, after = self.done[place - 1], self.done[place]
        share = (jobs - before) / (after - before) if after > before else 1.0
        wall, driver, server = (
            a + share * (b - a) for a, b in zip(*self.clocks[place - 1 : place + 1], strict=True)
        )
        return wall, driver, server


def run(lab: Lab) -> None:
    """The plan, the sweep, and a row for each tenth of its jobs."""
    jobs = lab.size(10_000, 40)
    work = peers.Work(
        lab.repo(), lab.commands("true --seed {i}", jobs), PARALLEL, lab.place("out") / "bench"
    )
    plan = measured([*peers.sweeptree(work, lab.env), "--dry_run"], cwd=work.repo, env=lab.env)
    course, code, ended_late = _watched(lab, work, lab.warm_server().pid)
    whole = {
        "jobs": jobs,
        "exit_code": code,
        "done": sum(record.get("exit_code") == 0 for record in peers.records(work.out)),
        "plan_wall_s": plan.wall,
        "plan_cpu_s": plan.cpu,
        "driver_mb": course.rss / 1e6,
        "wall_s": course.clocks[-1][0],
        "last_job_to_exit_s": ended_late,
    }
    lab.report("many", [whole], note=f"`true`, parallel {PARALLEL}, through Prefect")
    lab.report(
        "many_tenths", list(_tenths(course, jobs)), note="per job, for each tenth of the jobs"
    )


def _watched(lab: Lab, work: peers.Work, server: int) -> tuple[Course, int, float]:
    """Run the sweep and look at it; its course, its exit code, and the seconds from the last job to
    the exit."""
    course, ledger = Course(), SweepPaths(work.out).ledger
    done, offset, last = 0, 0, 0.0
    began = time.perf_counter()
    with (work.out.parent / "run.out").open("wb") as output:
        child = subprocess.Popen(
            peers.sweeptree(work, lab.env), cwd=work.repo, env=lab.env, stdout=output, stderr=output
        )
    driver = psutil.Process(child.pid)
    while child.poll() is None:
        new = _tail(ledger, offset)
        new = new[: new.rfind(b"\n") + 1]  # whole lines only
        fresh, offset = new.count(ENDED), offset + len(new)
        done += fresh
        wall = time.perf_counter() - began
        last = wall if fresh else last
        course.done.append(done)
        course.clocks.append((wall, process_cpu(child.pid), process_cpu(server)))
        course.rss = max(course.rss, _rss(driver))
        time.sleep(LOOK_SECONDS)
    return course, child.returncode, course.clocks[-1][0] - last


def _tail(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            return stream.read()
    except FileNotFoundError:
        return b""


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _tenths(course: Course, jobs: int) -> list[dict[str, object]]:
    marks = [
        max(1, jobs * n // 10) for n in range(11)
    ]  # from the first job on: the start-up is no job's
    rows: list[dict[str, object]] = []
    for first, last in pairwise(marks):
        costs = [
            1e3 * (b - a) / (last - first)
            for a, b in zip(course.at(first), course.at(last), strict=True)
        ]
        rows.append(
            {"jobs": f"{first}-{last}"}
            | dict(zip(("wall_ms", "driver_cpu_ms", "server_cpu_ms"), costs, strict=True))
        )
    return rows
