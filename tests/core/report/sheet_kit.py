"""Sheets of small sweeps."""

from pathlib import Path
from typing import Any

from core.report_kit import make_sweep
from sweeptree.analysis.document import read_document
from sweeptree.records import read_sweep
from sweeptree.report.sheet import Sheet, read_sheet


def sheet_of(results: Path, **options: Any) -> Sheet:
    """The sheet of a sweep that `make_sweep` makes."""
    paths = make_sweep(results, **options)
    return read_sheet(read_document(paths), read_sweep(paths))
