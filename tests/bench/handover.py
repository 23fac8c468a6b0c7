"""From the end of a GPU job to the start of the next on the same GPU, with tags and Prefect's limit on.

The GPUs are fake ones under the real pynvml. Times are the keepers' own, from the records.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from tests import nvml
from tests.bench import peers
from tests.bench.lab import Lab


def run(lab: Lab) -> None:
    """Two GPUs, jobs of one second."""
    jobs = lab.size(20, 6)
    folder = lab.place("nvml")
    fake = nvml.FakeDriver(nvml.build(folder), folder / "gpus.conf")
    fake.configure("gpu mem=24576", "gpu mem=24576")
    work = peers.Work(lab.repo(), lab.commands("sleep 1 # --seed {i}", jobs), 2, lab.place("out") / "bench")
    ran = peers.run(peers.sweeptree, work, lab, beside=lab.warm_server().pid, extra=fake.environment)
    lab.report("handover", _rows(work.out, ran, jobs), note="2 fake GPUs, 1 s jobs")


def _rows(out: Path, ran: peers.Ran, jobs: int) -> list[dict[str, object]]:
    per_gpu = defaultdict(list)
    for record in peers.records(out):
        per_gpu[record["gpus"][0]].append((peers.moment(record["start_time"]), peers.moment(record["end_time"])))
    rows: list[dict[str, object]] = []
    for gpu, times in sorted(per_gpu.items()):
        times.sort()
        gaps = [1e3 * (later[0] - earlier[1]) for earlier, later in pairwise(times)]
        row = {"gpu": gpu[-12:], "jobs": len(times), "median_gap_ms": statistics.median(gaps), "max_gap_ms": max(gaps)}
        rows.append({**row, "done": f"{ran.done} of {jobs}", "other": ran.cost.other})
    return rows
