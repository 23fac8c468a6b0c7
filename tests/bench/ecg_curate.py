"""CPU time of verified curation against wfdb.rdsamp, which verifies nothing, on the same records in the same run.

    python tests/bench/ecg_curate.py [--records 1000] [--source FOLDER]

Prints one line per rate: milliseconds of CPU per record for both, their ratio, and the peak memory so far.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import wfdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ecg"))
import ptbxl_like

from sweeptree.ecg import CurateSpec, curate

TARGET = {100: (0.4, 15.0), 500: (1.0, 5.0)}


def measure(source: Path, rate: int, records: int, repeats: int = 3) -> tuple[float, float]:
    """Best of some repeats, in milliseconds of CPU per record: curation, wfdb."""
    stems = [str(source / ptbxl_like.stem(i, rate)) for i in range(1, records + 1)]
    ours, theirs = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            curate(CurateSpec(source=str(source), out=Path(folder) / "out", rate=str(rate), limit=records))
            ours.append(time.process_time() - start)
        start = time.process_time()
        for stem in stems[: min(200, records)]:
            wfdb.rdsamp(stem)
        theirs.append((time.process_time() - start) * records / min(200, records))
    return min(ours) / records * 1000, min(theirs) / records * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--source", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = options.source or ptbxl_like.make(Path(folder) / "ptbxl", options.records, rates=(100, 500))
        for rate, (most, ratio) in TARGET.items():
            ours, theirs = measure(source, rate, options.records)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"curate {rate} Hz: {ours:.3f} ms CPU per record (at most {most}), wfdb.rdsamp {theirs:.2f} ms, "
                f"{theirs / ours:.1f} x faster (at least {ratio:g}), peak memory {peak:.0f} MB"
            )


if __name__ == "__main__":
    main()
