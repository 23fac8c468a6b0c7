"""What it costs to keep the files that jobs made: the disk that they take, and the CPU.

A sweep of jobs that make a file of 50 MB each, through the whole product; afterwards the blocks on
disk of everything that it left are counted. The CPU is that of `artifacts.keep` alone, on files
that stand on the same disk: in a whole sweep the writing itself would hide it.
"""

from __future__ import annotations

import time
from pathlib import Path

from sweeptree.sweep import artifacts
from tests.bench import peers
from tests.bench.lab import Lab

SIZE = 50_000_000
PARALLEL = 4
COMMAND = f"head -c {SIZE} /dev/urandom > model-{{i}}.bin"


def run(lab: Lab) -> None:
    """The sweep, then keeping alone."""
    jobs = lab.size(200, 4)
    row = {"jobs": jobs, **_sweep(lab, jobs), **_keeping_alone(lab, jobs)}
    lab.report("keeping", [row], note=f"a file of {SIZE // 10**6} MB per job")


def _sweep(lab: Lab, jobs: int) -> dict[str, object]:
    """The disk that a sweep takes when it has ended."""
    work = peers.Work(lab.repo(), lab.commands(COMMAND, jobs), PARALLEL, lab.place("out") / "bench")
    ran = peers.run(peers.sweeptree, work, lab, beside=lab.warm_server().pid)
    left = _on_disk(work.out) + _on_disk(work.repo / ".sweeptree")
    _clear(work.out)
    return {"done": ran.done, "made_mb": jobs * SIZE / 1e6, "disk_mb": left / 1e6}


def _keeping_alone(lab: Lab, jobs: int) -> dict[str, object]:
    used = 0.0
    for number in range(jobs):
        place = lab.place("job")
        top, dest = place / "worktree", place / "results" / "job_0" / "artifacts"
        top.mkdir()
        with (top / "model.bin").open("wb") as file:
            file.write(b"x" * SIZE)
        used += _cpu_of_keeping(top, dest)
        assert (dest / "model.bin").stat().st_size == SIZE, number
        _clear(place)
    return {"keep_cpu_job_ms": 1e3 * used / jobs}


def _cpu_of_keeping(top: Path, dest: Path) -> float:
    before = time.process_time()
    artifacts.keep(top, ["model.bin"], dest, movable=["model.bin"])
    return time.process_time() - before


def _on_disk(folder: Path) -> int:
    """The bytes of all blocks below a folder."""
    files = {file.stat().st_ino: file for file in folder.rglob("*") if file.is_file()}
    return sum(file.stat().st_blocks * 512 for file in files.values())


def _clear(folder: Path) -> None:
    """Give the disk back: other benchmarks follow."""
    for file in folder.rglob("*.bin"):
        file.unlink()
