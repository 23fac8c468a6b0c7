"""What a job that prints a gigabyte costs us: the CPU and memory of keeper and driver, without the
command's own.

The command tells its own CPU in its last line. The rest of the process tree is ours: the same
program with a job that prints nothing is the floor, the difference is the price of the output.
"""

from __future__ import annotations

import json
import statistics
import sys

from tests.bench.lab import Lab
from tests.bench.measure import ROOT, measured

LINE = 1000
PRINT = f"""
import json, resource, sys
line = b"x" * {LINE - 1} + b"\\n"
for _ in range(int(sys.argv[1]) // {LINE}):
    sys.stdout.buffer.write(line)
sys.stdout.flush()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"cpu": used.ru_utime + used.ru_stime}}))
"""


def run(lab: Lab) -> None:
    """No output, and a gigabyte."""
    full = lab.size(1_000_000_000, 1_000_000)
    rows = [_row(lab, size) for size in (0, full)]
    lab.report("output", rows, note="CPU and memory of keeper and driver")


def _row(lab: Lab, size: int) -> dict[str, object]:
    found = [_once(lab, size) for _ in range(lab.size(3, 1))]
    return {"bytes": size} | {
        name: statistics.median(each[name] for each in found) for name in found[0]
    }


def _once(lab: Lab, size: int) -> dict[str, float]:
    folder = lab.place("output")
    program, said = folder / "print.py", folder / "said.json"
    program.write_text(PRINT)
    argv = [
        sys.executable,
        "-m",
        "tests.bench.one_keeper",
        str(folder),
        f"exec {sys.executable} {program} {size}",
    ]
    cost = measured(argv, cwd=ROOT, env=lab.env, log=said)
    assert cost.code == 0, said.read_text()
    facts = json.loads(said.read_bytes())
    assert facts["state"] == "succeeded" and facts["bytes"] > size
    (folder / "job.log").unlink()
    ours = {"our_cpu_s": cost.cpu - facts["command_cpu"], "command_cpu_s": facts["command_cpu"]}
    return {
        **ours,
        "keeper_mb": facts["keeper_mb"],
        "driver_mb": facts["driver_mb"],
        "other": cost.other,
    }
