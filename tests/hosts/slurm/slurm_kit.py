"""What the tests of sweeps on a cluster share: a sweep whose driver is a process of its own, and
looks at what stands on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from slurm_driver import DRIVER
from slurm_rig import SlurmRig
from sweep_kit import records_of, wait_for

from sweeptree.model import JobRecord, JobState, SweepSpec
from sweeptree.records import SweepPaths, read_json

WAIT = 'touch "$SWEEPTREE_OUT/runs$SWEEPTREE_ATTEMPT"; sleep 600'
GATE = 'while [ ! -e "$SWEEPTREE_OUT/../gate" ]; do sleep 0.1; done'
TRACE = 'echo "$SWEEPTREE_ATTEMPT ${SWEEPTREE_RESUMED:-new}" >> "$SWEEPTREE_OUT/tries"'


class ClusterSweep:
    """A sweep of these commands on a cluster, driven by a process that may be killed."""

    def __init__(self, rig: SlurmRig, repo: Path, *commands: str, **fields: Any) -> None:
        told = {"use_worktree": True, "executor": "slurm", "grace": 1.0, "min_free": 0, **fields}
        self.rig = rig
        self.as_whom: tuple[str, ...] = ()  # the words before those of the driver
        self.spec = SweepSpec(exp_name="exp", commands=commands, repo=repo, **told)
        self.paths = SweepPaths(repo / "results" / "exp")

    def start(self, *, resume: bool = False) -> subprocess.Popen[str]:
        """Start a driver."""
        words = [self.spec.model_dump_json(), "resume" if resume else "new"]
        return subprocess.Popen(
            [*self.as_whom, sys.executable, "-c", DRIVER, *words],
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *, resume: bool = False) -> dict[int, JobRecord]:
        """Drive it to its end; its records."""
        self.ended(self.start(resume=resume))
        return self.records()

    def ended(self, driver: subprocess.Popen[str]) -> str:
        """Wait for a driver's end; what it says of the sweep."""
        said, _ = driver.communicate(timeout=200)
        return said.strip()

    def records(self) -> dict[int, JobRecord]:
        """Its records as they stand on disk."""
        return records_of(self.paths)

    def await_running(self, index: int = 0, attempt: int = 1) -> None:
        """Wait until a job's command has told that it runs (WAIT)."""
        wait_for((self.paths.out(index) / f"runs{attempt}").exists)

    def await_state(self, state: JobState, index: int = 0) -> None:
        """Wait until a job's record says this."""
        wait_for(lambda: self.records().get(index, _NOBODY).state is state)

    def task(self, index: int = 0) -> str:
        """Slurm's name of the job's task in the first array."""
        array = wait_for(lambda: _number(self.paths.slurm / "0001"))
        return f"{array}_{index}"

    def tries(self, index: int = 0) -> list[str]:
        """`attempt resumed` of each run of a command that begins with TRACE."""
        return (self.paths.out(index) / "tries").read_text().splitlines()

    def words(self, index: int = 0) -> str:
        """What Slurm keeps of the output of a job's keeper itself."""
        return (self.paths.slurm / "0001" / f"{index}.out").read_text()


_NOBODY = JobRecord(id=0)


def _number(folder: Path) -> str | None:
    file = folder / "submitted.json"
    return str(read_json(file)["array"]) if file.exists() else None


def printed(paths: SweepPaths, index: int = 0) -> dict[str, Any]:
    """The JSON that a job has printed."""
    found = json.loads(paths.log(index).read_text())
    assert isinstance(found, dict)
    return found
