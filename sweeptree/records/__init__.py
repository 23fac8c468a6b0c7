"""results/<sweep>/: every path in it, and the only code that writes its records.

Hides how a write survives a crash.
"""

from sweeptree.records.store import (
    MAX_RECORD_BYTES,
    MAX_SWEEP_BYTES,
    SweepPaths,
    SweepStore,
    holder,
    iter_sweeps,
    lacking,
    last_attempts,
    read_bytes,
    read_json,
    read_ledger,
    read_record,
    read_sweep,
    record_indices,
)

__all__ = [
    "MAX_RECORD_BYTES",
    "MAX_SWEEP_BYTES",
    "SweepPaths",
    "SweepStore",
    "holder",
    "iter_sweeps",
    "lacking",
    "last_attempts",
    "read_bytes",
    "read_json",
    "read_ledger",
    "read_record",
    "read_sweep",
    "record_indices",
]
