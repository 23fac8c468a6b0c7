"""Run one command under a keeper and print, as JSON, what it said of itself and how much memory we
took.

python -m tests.bench.one_keeper FOLDER COMMAND
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path

from sweeptree import supervise
from sweeptree.analysis import metrics
from sweeptree.model import Launch


def main() -> None:
    """Start the keeper, look at its memory until it ends, read the metrics as a sweep does."""
    folder = Path(sys.argv[1])
    keeper = supervise.start(launch(folder, sys.argv[2]))
    peak = 0
    while (outcome := keeper.wait(timeout=0.05)) is None and keeper.is_alive():
        peak = max(peak, high_water(keeper.pid))
    assert outcome is not None
    places = metrics.Places(folder / "metrics.jsonl", folder / "job.log")
    found = metrics.collect(places, metrics.Wanted()).metrics
    said = {"state": outcome.state, "bytes": outcome.log_bytes, "command_cpu": found.values["cpu"]}
    driver = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**said, "keeper_mb": peak / 1024, "driver_mb": driver / 1024}))


def launch(folder: Path, command: str) -> Launch:
    """The command in `folder`, without slots and limits."""
    return Launch(
        name="bench:0.1",
        command=command,
        cwd=folder,
        env=dict(os.environ),
        log=folder / "job.log",
        alive=folder / "alive",
        started=folder / "started",
        outcome=folder / "outcome",
        timeout=None,
        grace=5.0,
        log_cap=0,
    )


def high_water(pid: int) -> int:
    """The most memory (KiB) that a process has had in RAM; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main()
