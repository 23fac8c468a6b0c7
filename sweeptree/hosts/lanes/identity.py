"""The id of a sweep over hosts: in lease calls, refs and folders, the same for all its drivers."""

from __future__ import annotations

import secrets
from pathlib import Path

from sweeptree.errors import RecordError
from sweeptree.hosts.values import check_sweep_id
from sweeptree.records import SweepPaths, read_json
from sweeptree.system.files import write_json

_NAME_LENGTH = 64


def identity_file(paths: SweepPaths) -> Path:
    """Where a sweep's id stands."""
    return paths.state / "hosts.json"


def sweep_id(paths: SweepPaths, spec_hash: str) -> str:
    """The id of this sweep, made by its first driver. Raises OSError, RecordError."""
    file = identity_file(paths)
    known = known_sweep_id(paths)
    if known is not None:
        return known
    made = f"{paths.root.name[:_NAME_LENGTH]}-{spec_hash[:8]}-{secrets.token_hex(4)}"
    write_json(file, {"sweep": check_sweep_id(made)})
    return made


def known_sweep_id(paths: SweepPaths) -> str | None:
    """The id that an earlier driver made; None: this sweep has never been over hosts."""
    try:
        found = read_json(identity_file(paths)).get("sweep")
    except RecordError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    return check_sweep_id(str(found))
