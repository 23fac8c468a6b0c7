"""The tables: aggregated.csv and groups.csv. The one home of pandas, which is loaded when a table is made."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SEED_COLUMNS = ("id", "exit_code", "cmd", "git_commit", "git_branch", "pr_url", "duration_seconds", "artifacts")
_STATE_COLUMNS = ("state", "config_id", "seed")
_LAST_COLUMNS = ("gpu_seconds", "peak_vram_mb", "log", "pr_number", "data_digest")
_BEST = ("metric", "value", "step", "goal")
_PER_METRIC = ("n", "mean", "std", "ci95_low", "ci95_high")
MAX_NAMES = 2000

Job = Mapping[str, Any]


def jobs_frame(jobs: Sequence[Job], *, as_written: bool = False) -> pd.DataFrame:
    """One row per job, the columns of aggregated.csv. `as_written` keeps every cell as it is (numbers stay whole)."""
    import pandas as pd

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
    return pd.DataFrame(rows, columns=columns, dtype=object if as_written else None)


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


def groups_frame(groups: Sequence[Mapping[str, Any]], *, as_written: bool = False) -> pd.DataFrame:
    """One row per config: n, mean, std and 95 % interval of every metric; the ranked ones first."""
    import pandas as pd

    ordered = sorted(groups, key=lambda group: (group["rank"] is None, group["rank"] or 0))
    params = list(dict.fromkeys(name for group in groups for name in group["params"]))[:MAX_NAMES]
    metrics = sorted({name for group in groups for name in group["metrics"]})[:MAX_NAMES]
    rows = [_group_cells(group, params, metrics) for group in ordered]
    columns = [
        *("config_id", "rank", "n", "n_failed", "seeds"),
        *(f"param.{name}" for name in params),
        *(f"{name}.{what}" for name in metrics for what in _PER_METRIC),
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object if as_written else None)


def _group_cells(group: Mapping[str, Any], params: Sequence[str], metrics: Sequence[str]) -> list[Any]:
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


def as_csv(frame: pd.DataFrame) -> bytes:
    """The table as UTF-8 text; a missing value is an empty cell."""
    text: str = frame.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # the csv module leaves a lone carriage return unquoted, and readers take it for a new row
        text = frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text.encode("utf-8", "replace")
