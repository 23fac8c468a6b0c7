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
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeptree.analysis.document import Group, JobRow, ranked

if TYPE_CHECKING:
    import pandas as pd

_LEGACY_COLUMNS = (
    *("id", "exit_code", "cmd", "git_commit", "git_branch"),
    *("pr_url", "duration_seconds", "artifacts"),
)
_STATE_COLUMNS = ("state", "config_id", "seed")
_LAST_COLUMNS = ("gpu_seconds", "peak_vram_mb", "log", "pr_number", "data_digest", "diverged")
_BEST = ("metric", "value", "step", "goal")
_PER_METRIC = ("n", "mean", "std", "ci95_low", "ci95_high")
MAX_NAMES = 2000
_SOON = 0.5
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


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

    def _harmless(self) -> Table:
        """The table with nothing in it that a spreadsheet would run."""
        rows = [[_harmless(cell) for cell in row] for row in self.rows]
        return Table([str(_harmless(name)) for name in self.columns], rows)

    def as_csv(self) -> bytes:
        """The table as UTF-8 text; a missing value is an empty cell."""
        frame = self._harmless().frame(as_written=True)
        text: str = frame.to_csv(index=False, lineterminator="\n")
        # The csv module leaves a lone carriage return unquoted; readers take it for a new row.
        if "\r" in text:
            text = frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        return text.encode("utf-8", "replace")

    def as_csv_at_once(self) -> bytes:
        """The same bytes, without pandas."""
        harmless = self._harmless()
        text = harmless._text(csv.QUOTE_MINIMAL)
        if "\r" in text:
            text = harmless._text(csv.QUOTE_NONNUMERIC)
        return text.encode("utf-8", "replace")

    def _text(self, quoting: int) -> str:
        made = io.StringIO()
        writer = csv.writer(made, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
        writer.writerow(self.columns)
        writer.writerows([["" if _is_missing(cell) else cell for cell in row] for row in self.rows])
        return made.getvalue()


def _harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets a ' before it; numbers stay.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULA_SIGNS)
    return f"'{cell}" if is_formula and not _is_number(cell) else cell


def _is_number(text: object) -> bool:
    return _NUMBER.fullmatch(str(text)) is not None


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def load_pandas_soon() -> None:
    """Import pandas in a thread of its own, half a second from now."""
    threading.Timer(_SOON, importlib.import_module, ("pandas",)).start()


def jobs_table(jobs: Sequence[JobRow]) -> Table:
    """One row per job, the columns of aggregated.csv."""
    params = _met(job.params for job in jobs)
    metrics = sorted(_met((job.metrics for job in jobs), limit=None))[:MAX_NAMES]
    columns = [
        *_LEGACY_COLUMNS,
        *_STATE_COLUMNS,
        *(f"param.{name}" for name in params),
        *(f"metric.{name}" for name in metrics),
        *(f"best.{name}" for name in _BEST),
        *_LAST_COLUMNS,
    ]
    return Table(columns, [_job_cells(job, params, metrics) for job in jobs])


def _met(named: Iterable[Mapping[str, object]], limit: int | None = MAX_NAMES) -> list[str]:
    """All names, in the order in which they are met."""
    return list(dict.fromkeys(name for values in named for name in values))[:limit]


def _job_cells(job: JobRow, params: Sequence[str], metrics: Sequence[str]) -> list[Any]:
    best = job.best or {}
    return [
        *_legacy_cells(job),
        *(job.state and job.state.value, job.config_id, job.seed),
        *map(job.params.get, params),
        *map(job.metrics.get, metrics),
        *map(best.get, _BEST),
        *(job.gpu_seconds, job.peak_vram_mb, job.log, job.pr_number, job.data_digest),
        ";".join(job.diverged),
    ]


def _legacy_cells(job: JobRow) -> list[Any]:
    artifacts = ";".join(job.artifacts)
    code = (job.git_commit, job.git_branch)
    return [job.id, job.exit_code, job.cmd, *code, job.pr_url, job.duration_seconds, artifacts]


def groups_table(groups: Sequence[Group]) -> Table:
    """One row per config: n, mean, std and 95 % interval of every metric; the ranked ones first."""
    params = _met(group.params for group in groups)
    metrics = sorted(_met((group.metrics for group in groups), limit=None))[:MAX_NAMES]
    columns = [
        *("config_id", "rank", "n", "n_failed", "seeds"),
        *(f"param.{name}" for name in params),
        *(f"{name}.{what}" for name in metrics for what in _PER_METRIC),
        "diverged",
    ]
    unranked = [group for group in groups if group.rank is None]
    ordered = [*ranked(groups), *unranked]
    return Table(columns, [_group_cells(group, params, metrics) for group in ordered])


def _group_cells(group: Group, params: Sequence[str], metrics: Sequence[str]) -> list[Any]:
    cells: list[Any] = [group.config_id, group.rank, group.n, group.n_failed]
    cells.append(";".join(map(str, group.seeds)))
    cells += map(group.params.get, params)
    for name in metrics:
        cells += _metric_cells(group, name)
    return [*cells, ";".join(group.diverged)]


def _metric_cells(group: Group, name: str) -> Sequence[Any]:
    found = group.metrics.get(name)
    if found is None:
        return (None,) * len(_PER_METRIC)
    low, high = found.ci95 or (None, None)
    return found.n, found.mean, found.std, low, high
