"""The tables: aggregated.csv and groups.csv.

The one home of pandas, which is loaded when a frame is made.

While a sweep runs, the tables are written without it, byte for byte the same: its import takes as
long as a hundred small jobs, and would fall among the first.
"""

from __future__ import annotations

import csv
import importlib
import io
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SEED_COLUMNS = (
    "id",
    "exit_code",
    "cmd",
    "git_commit",
    "git_branch",
    "pr_url",
    "duration_seconds",
    "artifacts",
)
_STATE_COLUMNS = ("state", "config_id", "seed")
_LAST_COLUMNS = ("gpu_seconds", "peak_vram_mb", "log", "pr_number", "data_digest")
_BEST = ("metric", "value", "step", "goal")
_PER_METRIC = ("n", "mean", "std", "ci95_low", "ci95_high")
MAX_NAMES = 2000
_SOON = 0.5

Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Names of the columns, and the cells of each row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def frame(self, *, as_written: bool = False) -> pd.DataFrame:
        """The table for pandas. `as_written` keeps every cell as it is (numbers stay whole)."""
        import pandas as pd

        return pd.DataFrame(
            self.rows, columns=list(self.columns), dtype=object if as_written else None
        )

    def as_csv(self) -> bytes:
        """The table as UTF-8 text; a missing value is an empty cell."""
        frame = self.frame(as_written=True)
        text: str = frame.to_csv(index=False, lineterminator="\n")
        if (
            "\r" in text
        ):  # the csv module leaves a lone carriage return unquoted, and readers take it for a new row
            text = frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        return text.encode("utf-8", "replace")

    def as_csv_at_once(self) -> bytes:
        """The same bytes, without pandas."""
        text = self._text(csv.QUOTE_MINIMAL)
        if "\r" in text:
            text = self._text(csv.QUOTE_NONNUMERIC)
        return text.encode("utf-8", "replace")

    def _text(self, quoting: int) -> str:
        made = io.StringIO()
        writer = csv.writer(made, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
        writer.writerow(self.columns)
        writer.writerows([["" if _is_missing(cell) else cell for cell in row] for row in self.rows])
        return made.getvalue()


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def load_pandas_soon() -> None:
    """Import pandas in a thread of its own, half a second from now."""
    threading.Timer(_SOON, importlib.import_module, ("pandas",)).start()


def jobs_table(jobs: Sequence[Job]) -> Table:
    """One row per job, the columns of aggregated.csv."""
    params = list(dict.fromkeys(name for job in jobs for name in job["params"]))[:MAX_NAMES]
    metrics = sorted({name for job in jobs for name in job["metrics"]})[:MAX_NAMES]
    rows = [_job_cells(job, params, metrics) for job in jobs]
    columns = [
        *_SEED_COLUMNS,
        *_STATE_COLUMNS,
        *(f"param.{name}" for name in params),
        *(f"metric.{name}" for name in metrics),
        *(f"best.{name}" for name in _BEST),
        *_LAST_COLUMNS,
    ]
    return Table(columns, rows)


def _job_cells(job: Job, params: Sequence[str], metrics: Sequence[str]) -> list[Any]:
    best = job["best"] or {}
    return [
        *(job[name] for name in _SEED_COLUMNS[:-1]),
        ";".join(job["artifacts"]),
        *(job[name] for name in _STATE_COLUMNS),
        *(job["params"].get(name) for name in params),
        *(job["metrics"].get(name) for name in metrics),
        *(best.get(name) for name in _BEST),
        *(job[name] for name in _LAST_COLUMNS),
    ]


def groups_table(groups: Sequence[Mapping[str, Any]]) -> Table:
    """One row per config: n, mean, std and 95 % interval of every metric; the ranked ones first."""
    ordered = sorted(groups, key=lambda group: (group["rank"] is None, group["rank"] or 0))
    params = list(dict.fromkeys(name for group in groups for name in group["params"]))[:MAX_NAMES]
    metrics = sorted({name for group in groups for name in group["metrics"]})[:MAX_NAMES]
    rows = [_group_cells(group, params, metrics) for group in ordered]
    columns = [
        *("config_id", "rank", "n", "n_failed", "seeds"),
        *(f"param.{name}" for name in params),
        *(f"{name}.{what}" for name in metrics for what in _PER_METRIC),
    ]
    return Table(columns, rows)


def _group_cells(
    group: Mapping[str, Any], params: Sequence[str], metrics: Sequence[str]
) -> list[Any]:
    cells = [
        *(group[name] for name in ("config_id", "rank", "n", "n_failed")),
        ";".join(map(str, group["seeds"])),
        *(group["params"].get(name) for name in params),
    ]
    for name in metrics:
        found = group["metrics"].get(name) or {}
        low, high = found.get("ci95") or (None, None)
        cells += [found.get("n"), found.get("mean"), found.get("std"), low, high]
    return cells
