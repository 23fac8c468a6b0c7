"""CPU time of verified curation against the usual loading loop, which verifies nothing, on the same records.

The loop is that of the PTB-XL benchmark: wfdb.rdsamp per record, one array of float64, written to disk. Wanted: at most
0.4 ms per record at 100 Hz and 15 times faster, at most 1.0 ms at 500 Hz and 5 times faster; the peak memory
does not grow with the records.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench.lab import Lab
from tests.bench.measure import ROOT

READ_BY_WFDB = 200


def run(lab: Lab) -> None:
    """Both rates."""
    sys.path.insert(0, str(ROOT / "tests" / "ecg"))
    import ptbxl_like

    count = lab.size(3000, 20)
    source = ptbxl_like.make(lab.place("ptbxl") / "source", count, rates=(100, 500))
    rows = []
    for rate in (100, 500):
        stems = [str(source / ptbxl_like.stem(i, rate)) for i in range(1, min(count, READ_BY_WFDB) + 1)]
        tries = [(_curate(source, rate), _loop(stems)) for _ in range(lab.size(3, 1))]
        ours, theirs = (min(t[n] for t in tries) * 1000 for n in (0, 1))
        row = {"rate": rate, "records": count, "ours_ms": ours / count, "loop_ms": theirs / len(stems)}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({**row, "ratio": row["loop_ms"] / row["ours_ms"], "peak_mb": peak})
    lab.report("ecg_curate", rows, note="CPU per record, everything included, best of three")


def _curate(source: Path, rate: int) -> float:
    from sweeptree.ecg import CurateSpec, curate

    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        curate(CurateSpec(source=str(source), out=Path(folder) / "out", rate=str(rate)))
        return time.process_time() - start


def _loop(stems: list[str]) -> float:
    import wfdb

    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        signals = np.array([wfdb.rdsamp(stem)[0] for stem in stems])
        np.save(Path(folder) / "raw.npy", signals)
        return time.process_time() - start
