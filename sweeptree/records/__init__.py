"""results/<sweep>/: every path in it, and the only code that writes its records.

Hides how a write survives a crash.
"""

from sweeptree.records.ledger import lacking, read_ledger
from sweeptree.records.notices import add_notice
from sweeptree.records.paths import SweepPaths
from sweeptree.records.read import (
    MAX_RECORD_BYTES,
    MAX_SWEEP_BYTES,
    iter_sweeps,
    last_attempts,
    read_bytes,
    read_end,
    read_json,
    read_leniently,
    read_record,
    read_sweep,
    record_indices,
)
from sweeptree.records.store import SweepStore, holder

__all__ = [
    "MAX_RECORD_BYTES",
    "MAX_SWEEP_BYTES",
    "SweepPaths",
    "SweepStore",
    "add_notice",
    "holder",
    "iter_sweeps",
    "lacking",
    "last_attempts",
    "read_bytes",
    "read_end",
    "read_json",
    "read_ledger",
    "read_leniently",
    "read_record",
    "read_sweep",
    "record_indices",
]
