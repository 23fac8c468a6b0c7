"""results/<sweep>/ → aggregated.json, aggregated.csv, groups.csv, from the records alone.

So it serves a half-finished sweep too, one after a crash or from another machine, and folders of
legacy records.

    aggregate(paths)     everything anew from the records; writes the files, returns the document
    Incremental(paths)   the same for a sweep that runs: rewritten after every job
    look(paths)          the document as the records have it now; writes nothing
    to_frame(paths)      one row per job, as a DataFrame
    load_pandas_soon()   beside the last jobs, so that the sweep's end does not wait for it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeptree.analysis.aggregate import tables
from sweeptree.analysis.aggregate.incremental import Incremental
from sweeptree.analysis.aggregate.rows import log_tail, read_plan, read_rows, with_configs
from sweeptree.analysis.aggregate.tables import load_pandas_soon
from sweeptree.analysis.aggregate.writing import Contents, document_of, not_written, write_files
from sweeptree.analysis.document import Document
from sweeptree.records import SweepPaths

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Incremental", "aggregate", "load_pandas_soon", "log_tail", "look", "to_frame"]


def aggregate(paths: SweepPaths, *, mix_data: bool = False) -> Document:
    """Make the aggregates anew from the records; returns what aggregated.json holds.

    Records that cannot be used are kept as rows and named in `warnings`. `mix_data`: rank also jobs
    that ran on different data (so does `mix_data` in the sweep's spec). Raises SweeptreeError when
    the files cannot be written.
    """
    plan = read_plan(paths)
    rows = with_configs(read_rows(paths, plan).values())
    contents = Contents.of(plan, rows, mix_data=mix_data)
    try:
        document = write_files(paths, contents, durable=True)
    except OSError as error:
        raise not_written(paths, error) from error
    return document.model_copy(update={"jobs": tuple(contents.jobs)})


def look(paths: SweepPaths) -> Document:
    """The document that the records make now. Writes nothing."""
    plan = read_plan(paths)
    contents = Contents.of(plan, with_configs(read_rows(paths, plan).values()))
    return document_of(paths, contents).model_copy(update={"jobs": tuple(contents.jobs)})


def to_frame(paths: SweepPaths) -> pd.DataFrame:
    """The jobs of a sweep for a notebook: the columns of aggregated.csv, numbers as numbers."""
    rows = with_configs(read_rows(paths, read_plan(paths)).values())
    return tables.jobs_table([row.job for row in rows]).frame()
