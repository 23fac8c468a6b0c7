"""Finding the metrics of 1,000 jobs where trainers and trackers wrote them, and in the log."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

from sweeptree.analysis import metrics
from sweeptree.analysis.metrics.event_files import masked_crc
from tests.bench.lab import Lab

STEPS = 100


def run(lab: Lab) -> None:
    """CPU for each kind of source: 100 steps a job, with the wanted metric among four."""
    jobs = lab.size(1000, 20)
    kinds = {"metrics.csv": _csv(), "events.out.tfevents.1": _events(), "job.log": _log()}
    rows = [_row(lab, name, data, jobs) for name, data in kinds.items()]
    lab.report("metrics", rows, note=f"{jobs} jobs, {STEPS} steps each")


def _row(lab: Lab, name: str, data: bytes, jobs: int) -> dict[str, object]:
    folder = lab.place("metrics")
    places = [_job(folder / str(number), name, data) for number in range(jobs)]
    before = resource.getrusage(resource.RUSAGE_SELF)
    wanted = metrics.Wanted("val_auc:max")
    found = [metrics.collect(place, wanted).metrics for place in places]
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    done = sum("val_auc" in each.values for each in found)
    return {"source": name, "jobs": jobs, "found": done, "bytes": len(data), "cpu_s": cpu}


def _job(out: Path, name: str, data: bytes) -> metrics.Places:
    out.mkdir(parents=True)
    (out / name).write_bytes(data)
    return metrics.Places(out / "none.jsonl", out / "job.log", out)


def _csv() -> bytes:
    rows = [f"{step},{1 / (step + 1)},{step / 100},{step / 200}" for step in range(STEPS)]
    return "\n".join(["epoch,loss,acc,val_auc", *rows]).encode()


def _log() -> bytes:
    lines = [
        f"epoch {step}: loss={1 / (step + 1):.4f} val_auc={step / 200}" for step in range(STEPS)
    ]
    return "\n".join(lines).encode()


def _events() -> bytes:
    names = (b"loss", b"acc", b"lr", b"val_auc")
    return b"".join(_event(step, name) for step in range(STEPS) for name in names)


def _event(step: int, name: bytes) -> bytes:
    item = b"\x0a" + bytes([len(name)]) + name + b"\x15" + struct.pack("<f", step / 200)
    summary = b"\x0a" + bytes([len(item)]) + item
    message = b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary
    length = struct.pack("<Q", len(message))
    return length + struct.pack("<I", masked_crc(length)) + message + bytes(4)
