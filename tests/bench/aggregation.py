"""Aggregation of a large sweep against merely reading its records, and what a job's flood of output
costs us."""

from __future__ import annotations

import statistics
import sys

from tests.bench import records
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured

READ = """
import json, pathlib, sys
records = pathlib.Path(sys.argv[1]).glob("job_*.meta.json")
sum(len(json.loads(path.read_bytes())) for path in records)
"""
IMPORT = "import pandas"


def run(lab: Lab) -> None:
    """10,000 records; the peers only import pandas, or only read and parse."""
    jobs, repeats = lab.size(10_000, 20), lab.size(3, 1)
    paths = records.write(lab.place("results") / "done", jobs)
    lines = {
        "sweeptree aggregate": [SWEEPTREE, "aggregate", str(paths.root)],
        "read the records": [sys.executable, "-c", READ, str(paths.root)],
        "import pandas": [sys.executable, "-c", IMPORT],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in lines}
    for _ in range(repeats):
        for name, argv in lines.items():
            costs[name].append(measured(argv, cwd=lab.folder, env=lab.env))
    assert not any(cost.code for each in costs.values() for cost in each)
    lab.report(
        "aggregate", [_row(name, each) for name, each in costs.items()], note=f"{jobs} records"
    )


def _row(name: str, costs: list[Cost]) -> dict[str, object]:
    middle = {
        what: statistics.median(getattr(cost, what) for cost in costs)
        for what in ("wall", "cpu", "max_rss_mb", "other")
    }
    return {
        "way": name,
        "wall_s": middle["wall"],
        "cpu_s": middle["cpu"],
        "max_rss_mb": middle["max_rss_mb"],
        "other": middle["other"],
    }
