"""`sweeptree.load`: a sweep by the name that the command line takes."""

from __future__ import annotations

from pathlib import Path

from sweeptree.analysis.results import Results
from sweeptree.cli.find import find_readable


def load(name: str | Path, results_dir: str | Path | None = None) -> Results:
    """The results of a sweep: its name, REMOTE/NAME of one that was fetched, or its folder.

    `results_dir`: where results stand; default: results/ at the top of the repository. Raises
    UsageError naming the sweeps that there are.
    """
    place = Path(results_dir) if results_dir is not None else None
    return Results(find_readable(str(name), place).root)
