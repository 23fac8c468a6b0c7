"""What runs are called, and which dataset they were made with: from the records of their jobs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from sweeptree.errors import RecordError
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths, read_record

_JOB = re.compile(r"job_(\d{1,9})")
_LONGEST_SLUG = 60


def names_of(paths: Sequence[Path]) -> list[str]:
    """A short name per run: config and seed where a sweep's records know them, else the folders
    that differ."""
    of_jobs = [_job_name(record) for record in _records_of(paths)]
    if len(set(of_jobs)) == len(paths):
        return of_jobs
    names = _folder_names([_folder(path).parts for path in paths])
    return [_distinct(name, names, path) for name, path in zip(names, paths, strict=True)]


def digests_of(paths: Sequence[Path]) -> list[str]:
    """The datasets that the runs were made with, as far as the records of their jobs say."""
    digests = (record.data_digest for record in _records_of(paths))
    return [digest for digest in digests if digest]


def slug(name: str) -> str:
    """A run's name as a folder's name, distinct for distinct names."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:_LONGEST_SLUG] or "run"
    if plain == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _folder(path: Path) -> Path:
    return (path if path.is_dir() else path.parent).absolute()


def _folder_names(folders: Sequence[tuple[str, ...]]) -> list[str]:
    shared = _shared_parts(folders)
    return ["/".join(parts[shared:]) for parts in folders]


def _shared_parts(folders: Sequence[tuple[str, ...]]) -> int:
    """How many leading parts say nothing; each name keeps at least one."""
    if len(folders) == 1:
        parts = folders[0]
        return len(parts) - (2 if parts[-1].startswith("seed") else 1)
    longest = min(map(len, folders)) - 1
    for place in range(longest):
        if len({parts[place] for parts in folders}) > 1:
            return place
    return max(longest, 0)


def _distinct(name: str, names: Sequence[str], path: Path) -> str:
    return name if names.count(name) == 1 else f"{name}/{path.stem}"


def _job_name(record: JobRecord) -> str:
    """`lr=3e-4/seed1`: the config as the sweep's own tables call it, and the seed.

    The config of a job without parameters is its whole command: no name for a run.
    """
    seed = "" if record.seed is None else f"seed{record.seed}"
    config = record.config_id if record.params else ""
    known = [part for part in (config, seed) if part]
    return "/".join(known) or f"job_{record.id}"


def _records_of(paths: Sequence[Path]) -> list[JobRecord]:
    """The records of the jobs that made these runs, of those that a job made."""
    records = [_record_of(_folder(path)) for path in paths]
    return [record for record in records if record is not None]


def _record_of(folder: Path) -> JobRecord | None:
    """The record of the job whose artifacts, or whose $SWEEPTREE_OUT, hold this folder."""
    for place in (folder, *folder.parents):
        path = _record_path(place)
        if path is not None and path.is_file():
            return _read(path)
    return None


def _record_path(place: Path) -> Path | None:
    match = _JOB.fullmatch(place.name)
    return SweepPaths(place.parent).record(int(match[1])) if match else None


def _read(path: Path) -> JobRecord | None:
    try:
        return read_record(path)
    except RecordError:
        return None
