"""A sweep for a notebook: its jobs, its configs and its curves as frames, as the records are now.

results = sweeptree.load("ecg_lr")
results.to_frame()      one row per job
results.groups()        one row per config, over its seeds
results.curves()        one row per job, metric and step
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sweeptree.analysis.aggregate import look
from sweeptree.analysis.aggregate.tables import Table, groups_table, jobs_table
from sweeptree.analysis.document import Document
from sweeptree.analysis.metrics import history
from sweeptree.records import SweepPaths

if TYPE_CHECKING:
    import pandas as pd

_CURVE = ("job", "config_id", "seed", "metric", "step", "value")


@dataclass(frozen=True)
class Results:
    """The results of one sweep; they are read once, when first asked for."""

    folder: Path

    @cached_property
    def document(self) -> Document:
        """All of it, as aggregated.json has it."""
        return look(SweepPaths(self.folder))

    def to_frame(self) -> pd.DataFrame:
        """One row per job: the columns of aggregated.csv, numbers as numbers."""
        return jobs_table(self.document.jobs).frame()

    def groups(self) -> pd.DataFrame:
        """One row per config, the best first: n, mean, std and interval of every metric."""
        return groups_table(self.document.groups).frame()

    def curves(self) -> pd.DataFrame:
        """One row per job, metric and step."""
        paths = SweepPaths(self.folder)
        rows = []
        for job in self.document.jobs:
            files = (paths.metrics(job.id), paths.history(job.id))
            for name, curve in history(files, tuple(job.metrics)).items():
                rows += [(job.id, job.config_id, job.seed, name, *point) for point in curve]
        return Table(_CURVE, rows).frame()
