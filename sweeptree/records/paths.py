"""Every path of results/<sweep>/; nothing here touches the disk but to resolve its own folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

# How these are called, for a keeper on a node of a cluster, which makes the names itself.
ATTEMPT_FILE = "job_{index}.{number}.{what}"
LAUNCH_NAME = "{exp}:{index}.{number}@{mark}{suffix}"


@dataclass(frozen=True, slots=True)
class SweepPaths:
    """Every path of one sweep's results. `root` is results/<sweep>."""

    root: Path

    @property
    def sweep(self) -> Path:
        """The spec as understood, the commit, host, versions, times and exit code."""
        return self.root / "sweep.json"

    @property
    def summary(self) -> Path:
        """The legacy summary: exp_name, commands, exit_codes, timestamp."""
        return self.root / "summary.json"

    @property
    def state(self) -> Path:
        """Our own files: lock, ledger, what the keepers write. Not part of the contract."""
        return self.root / ".state"

    @property
    def lock(self) -> Path:
        """Flocked by the process that drives the sweep."""
        return self.state / "lock"

    @property
    def ledger(self) -> Path:
        """One line per state change, appended."""
        return self.state / "ledger.ndjson"

    @property
    def notices(self) -> Path:
        """What a person should know beside the jobs, one line each, appended."""
        return self.state / "notices.ndjson"

    @property
    def slurm(self) -> Path:
        """What was submitted to a Slurm cluster, and what its nodes read."""
        return self.state / "slurm"

    @property
    def cancel(self) -> Path:
        """Exists once somebody has asked for the sweep to be cancelled; holds `term` or `kill`."""
        return self.state / "cancel"

    @property
    def aggregated_json(self) -> Path:
        """All jobs, groups and the leaderboard."""
        return self.root / "aggregated.json"

    @property
    def aggregated_csv(self) -> Path:
        """One row per job."""
        return self.root / "aggregated.csv"

    @property
    def groups_csv(self) -> Path:
        """One row per config."""
        return self.root / "groups.csv"

    @property
    def report(self) -> Path:
        """The page that shows it all."""
        return self.root / "report.html"

    def record(self, index: int) -> Path:
        """The record of a job."""
        return self.root / f"job_{index}.meta.json"

    def log(self, index: int) -> Path:
        """stdout and stderr of a job, raw."""
        return self.root / f"job_{index}.log"

    def metrics(self, index: int) -> Path:
        """What the job wrote to $SWEEPTREE_METRICS."""
        return self.root / f"job_{index}.metrics.jsonl"

    def history(self, index: int) -> Path:
        """How the metrics went that a job did not write to $SWEEPTREE_METRICS, in the same form."""
        return self.root / f"job_{index}.history.jsonl"

    def out(self, index: int) -> Path:
        """The job's own folder ($SWEEPTREE_OUT)."""
        return self.root / f"job_{index}"

    def artifacts(self, index: int) -> Path:
        """Where the files that a job made are kept."""
        return self.out(index) / "artifacts"

    def attempt(self, index: int, number: int, what: str) -> Path:
        """A file of one attempt: `alive`, `started`, `outcome` or `launch`."""
        return self.state / ATTEMPT_FILE.format(index=index, number=number, what=what)

    @property
    def mark(self) -> str:
        """8 hex digits that tell this sweep from one of the same name elsewhere."""
        return hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:8]

    def launch_name(self, index: int, number: int, suffix: str = "") -> str:
        """exp:job.attempt@mark: unlike any other launch on this machine."""
        exp, mark = self.root.name, self.mark
        return LAUNCH_NAME.format(exp=exp, index=index, number=number, mark=mark, suffix=suffix)
