"""A sweep on a Slurm cluster of this machine against a plain array of the same commands.

From the submission until the cluster's queue is empty; and the CPU that the nodes have used
meanwhile, Slurm's own included, a job.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths
from tests.bench.lab import Lab
from tests.hosts.slurm.slurm_driver import DRIVER
from tests.hosts.slurm.slurm_rig import Node, SlurmRig, lacks

_PATIENCE = 300.0
_TICKS = os.sysconf("SC_CLK_TCK")


def run(lab: Lab) -> None:
    """40 jobs of a second on two nodes of two cores, twice each, interleaved."""
    if why_not := lacks():
        print(f"\nslurm: left out: {why_not}")
        return
    rows = []
    with SlurmRig() as rig, _led_to(rig, lab):
        for number in range(lab.size(2, 1)):
            jobs = lab.size(40, 4)
            rows.append(_row(rig, "sbatch --array", jobs, lambda jobs=jobs: _plain(rig, jobs)))
            sweep = _sweep(lab, number, jobs)
            rows.append(_row(rig, "sweeptree", jobs, lambda sweep=sweep: _submit(sweep)))
    lab.report("slurm", rows, note="`sleep 1` on two nodes of two cores, submission to the end")


@contextlib.contextmanager
def _led_to(rig: SlurmRig, lab: Lab) -> Iterator[None]:
    """Slurm's commands find the cluster."""
    before = dict(os.environ)
    os.environ.update({**lab.env, **rig.environment})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _row(rig: SlurmRig, name: str, jobs: int, submit: Callable[[], float]) -> dict[str, object]:
    used = _cpu_of_nodes(rig)
    began = submit()
    deadline = time.monotonic() + _PATIENCE
    while rig.ask("squeue", "-h", "-t", "pending,running,completing"):
        assert time.monotonic() < deadline, "the queue is not empty"
        time.sleep(0.1)
    span = time.time() - began
    cpu = (_cpu_of_nodes(rig) - used) / jobs
    return {"peer": name, "jobs": jobs, "span_s": span, "node_cpu_job_s": cpu}


def _plain(rig: SlurmRig, jobs: int) -> float:
    began = time.time()
    rig.ask("sbatch", f"--array=0-{jobs - 1}", "--output=/dev/null", "--wrap=sleep 1")
    return began


def _sweep(lab: Lab, number: int, jobs: int) -> SweepSpec:
    return SweepSpec(
        exp_name=f"bench{number}",
        commands=tuple(f"sleep 1 # --seed {job}" for job in range(jobs)),
        repo=lab.repo(),
        use_worktree=True,
        executor="slurm",
        grace=1.0,
    )


def _submit(spec: SweepSpec) -> float:
    """Run it; when its array was submitted."""
    argv = [sys.executable, "-c", DRIVER, spec.model_dump_json(), "new"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    paths = SweepPaths(spec.repo / "results" / spec.exp_name)
    return (paths.slurm / "0001" / "plan.json").stat().st_mtime


def _cpu_of_nodes(rig: SlurmRig) -> float:
    return sum(_cpu_of(node) for node in rig.nodes.values())


def _cpu_of(node: Node) -> float:
    """Seconds of all processes of a node, and of those that they have waited for."""
    return sum(_cpu_time(pid) for pid in node.processes(""))


def _cpu_time(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0
