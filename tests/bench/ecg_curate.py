"""CPU time of verified curation against the usual loading loop, which verifies nothing, on the same
records.

The loop is that of the PTB-XL benchmark: wfdb.rdsamp per record, one array of float64, written to
disk. Wanted: at most 0.4 ms per record at 100 Hz and 15 times faster, at most 1.0 ms at 500 Hz and
5 times faster; 21,799 records of both rates within 1 GB of memory, which is measured in a process
of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench.lab import Lab

READ_BY_WFDB = 200
CHILD = """
import sys
from pathlib import Path
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate
curate(CurateSpec(source=sys.argv[1], out=sys.argv[2], rate=sys.argv[3]))
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""


def run(lab: Lab) -> None:
    """Both rates."""
    from tests.core.ecg import ptbxl_like

    count = lab.size(3000, 20)
    source = ptbxl_like.make(lab.place("ptbxl") / "source", count, rates=(100, 500))
    rows = []
    for rate in (100, 500):
        stems = [
            str(source / ptbxl_like.stem(i, rate)) for i in range(1, min(count, READ_BY_WFDB) + 1)
        ]
        tries = [(_curate(source, rate), _loop(stems)) for _ in range(lab.size(3, 1))]
        ours, theirs = (min(t[n] for t in tries) * 1000 for n in (0, 1))
        row = {
            "rate": rate,
            "records": count,
            "ours_ms": ours / count,
            "loop_ms": theirs / len(stems),
        }
        rows.append(
            {**row, "ratio": row["loop_ms"] / row["ours_ms"], "peak_mb": _peak(source, str(rate))}
        )
    rows.append({"rate": "both", "records": count, "peak_mb": _peak(source, "both")})
    lab.report("ecg_curate", rows, note="CPU per record, everything included, best of three")


def _curate(source: Path, rate: int) -> float:
    from sweeptree.ecg import CurateSpec
    from sweeptree.ecg.curate import curate

    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        curate(CurateSpec(source=str(source), out=Path(folder) / "out", rate=str(rate)))
        return time.process_time() - start


def _peak(source: Path, rate: str) -> float:
    """Largest resident memory in MB of a process that curates, interpreter and imports included.

    ru_maxrss would also hold what this process had when it started the other one.
    """
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-c", CHILD, str(source), f"{folder}/out", rate]
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
        return int(done.stdout) / 1024


def _loop(stems: list[str]) -> float:
    import wfdb

    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        signals = np.array([wfdb.rdsamp(stem)[0] for stem in stems])
        np.save(Path(folder) / "raw.npy", signals)
        return time.process_time() - start
