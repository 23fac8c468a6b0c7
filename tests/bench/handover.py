"""From the end of a GPU job to the start of the next on the same GPU, with tags and Prefect's limit
on.

The GPUs are fake ones under the real pynvml. Times are the keepers' own, from the records.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import nvml
from tests.bench import peers
from tests.bench.lab import Lab


def run(lab: Lab) -> None:
    """Two GPUs, jobs of one second: one to a GPU, two to a GPU, two sweeps at once."""
    jobs = lab.size(20, 6)
    folder = lab.place("nvml")
    fake = nvml.FakeDriver(nvml.build(folder), folder / "gpus.conf")
    fake.configure("gpu mem=24576", "gpu mem=24576")
    server = lab.warm_server().pid

    def sweep(name: str, *words: str) -> tuple[Path, peers.Ran]:
        parallel = 4 if words else 2
        work = peers.Work(
            lab.repo(), lab.commands("sleep 1 # --seed {i}", jobs), parallel, lab.place(name) / name
        )
        peer = peers.with_words(peers.sweeptree, *words)
        return work.out, peers.run(peer, work, lab, beside=server, extra=fake.environment)

    whole = [sweep("whole")]
    packed = [sweep("packed", "--gpu_mem", "12G")]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda name: sweep(name, "--gpu_mem", "12G"), ["one", "other"]))
    rows = [
        *_rows("whole", whole, 1),
        *_rows("packed", packed, 2),
        *_rows("two sweeps, packed", both, 2),
    ]
    lab.report("handover", rows, note="2 fake GPUs, 1 s jobs; packed: 2 jobs to a GPU")


def _rows(what: str, sweeps: list[tuple[Path, peers.Ran]], room: int) -> list[dict[str, object]]:
    """The i-th end on a GPU with `room` for as many jobs makes way for the start number room + i
    there."""
    starts, ends = defaultdict(list), defaultdict(list)
    for record in (record for out, _ in sweeps for record in peers.records(out)):
        starts[record["gpus"][0]].append(peers.moment(record["start_time"]))
        ends[record["gpus"][0]].append(peers.moment(record["end_time"]))
    rows: list[dict[str, object]] = []
    for gpu in sorted(starts):
        pairs = zip(sorted(starts[gpu])[room:], sorted(ends[gpu]), strict=False)
        gaps = [1e3 * (start - end) for start, end in pairs]
        row = {
            "what": what,
            "gpu": gpu[-1:],
            "jobs": len(starts[gpu]),
            "median_gap_ms": statistics.median(gaps),
        }
        done = sum(ran.done for _, ran in sweeps)
        rows.append(
            {**row, "max_gap_ms": max(gaps), "done": done, "other": sweeps[0][1].cost.other}
        )
    return rows
