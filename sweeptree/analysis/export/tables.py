"""One row per job, as CSV or Parquet."""

from __future__ import annotations

from pathlib import Path

from sweeptree.analysis.aggregate.tables import jobs_table
from sweeptree.analysis.document import Document
from sweeptree.analysis.export.libraries import library
from sweeptree.system.files import write_bytes


def to_csv(document: Document, file: Path) -> int:
    """Write the columns of aggregated.csv; returns the number of rows. Raises OSError."""
    write_bytes(file, jobs_table(document.jobs).as_csv_at_once())
    return len(document.jobs)


def to_parquet(document: Document, file: Path) -> int:
    """The same as Parquet, with columns that keep their types. Raises UsageError and OSError."""
    library("pyarrow.parquet", "parquet")
    frame = jobs_table(document.jobs).frame()
    for name in frame.select_dtypes("object").columns:
        frame[name] = frame[name].map(_text)  # a column of several types cannot be written
    data: bytes = frame.to_parquet(index=False, engine="pyarrow")
    write_bytes(file, data)
    return len(document.jobs)


def _text(value: object) -> object:
    """A value of a column that holds texts too; nothing stays nothing."""
    is_nothing = value is None or value != value  # noqa: PLR0124 - NaN
    return None if is_nothing else str(value)
