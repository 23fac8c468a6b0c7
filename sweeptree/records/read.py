"""Reading what stands in results/<sweep>/, and not being led outside or drowned by what a job left.

Hides: planted links and pipes, files of any size, torn and foreign records.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sweeptree.errors import RecordError
from sweeptree.records.paths import SweepPaths

if TYPE_CHECKING:  # many a command reads JSON and no record, and starts without pydantic
    from sweeptree.model import JobRecord

MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_SWEEP_BYTES = 1024 * 1024 * 1024
_RECORD = re.compile(r"job_([0-9]+)\.meta\.json")
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")
_ATTEMPT_FILE = re.compile(r"job_(\d{1,9})\.(\d{1,9})\.(?:alive|outcome|started)(?:\.\w{1,9})?")
_OPEN_SAFELY = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_SHOWN_FIELDS = 8

Record = TypeVar("Record", bound="JobRecord")


def read_bytes(path: Path, *, limit: int = MAX_RECORD_BYTES) -> bytes:
    """Read a small regular file without following a link in its last part.

    Raises RecordError, saying why.
    """
    try:
        file = os.open(path, _OPEN_SAFELY)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise _unusable(path, "is not a file")
    with os.fdopen(file, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise _unusable(path, f"is larger than {limit} bytes")
    return data


def read_end(path: Path, count: int) -> bytes | None:
    """The last `count` bytes of a regular file; None when there is none. No link is followed."""
    try:
        file = os.open(path, _OPEN_SAFELY)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return None
        return os.pread(file, count, max(0, status.st_size - count))
    except OSError:
        return None
    finally:
        os.close(file)


def _unusable(path: Path, why: str) -> RecordError:
    return RecordError(f"{path.name} {why}", path=str(path))


def read_json(path: Path, *, limit: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """Read a JSON object.

    Raises RecordError when it is missing, too large, torn or not an object.
    """
    return _object(path, read_bytes(path, limit=limit))


def _object(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unusable(path, f"is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise _unusable(path, "holds no JSON object")
    return _whole_characters(value) if _HALVES.search(data) else value


def _whole_characters(value: dict[str, Any]) -> dict[str, Any]:
    """The object with '?' for each half of a character: no text that is written can hold it."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    found: dict[str, Any] = json.loads(text)
    return found


def read_sweep(paths: SweepPaths) -> dict[str, Any]:
    """What sweep.json says of a sweep. Raises RecordError."""
    return read_json(paths.sweep, limit=MAX_SWEEP_BYTES)


def read_record(path: Path) -> JobRecord:
    """Read one record. Raises RecordError when it is missing, torn, of another job or no record."""
    from sweeptree.model import JobRecord

    value = read_json(path)
    try:
        record = JobRecord.model_validate(value)
    except ValueError as error:
        first = " ".join(str(error).splitlines()[:3])
        raise _unusable(path, f"is not a record: {first}") from error
    named = _RECORD.fullmatch(path.name)
    if named and int(named[1]) != record.id:
        raise _of_another_job(path, record.id)
    return record


def _of_another_job(path: Path, index: object) -> RecordError:
    """A copy under another job's name would count that job twice."""
    return _unusable(path, f"says it is job {str(index)[:20]!r}")


def read_leniently(path: Path, index: int, kind: type[Record]) -> tuple[Record, str | None]:
    """A record of any origin without its unusable fields, and what was wrong with it if anything.

    For the aggregates, which must not lose a job: of an older version, a legacy record, a torn one.
    """
    try:
        data = read_bytes(path)
        record = _parsed(data, kind)
        if record is not None and record.id == index:
            return record, None
        value = _object(path, data)
        if "id" in value and value["id"] != index:
            raise _of_another_job(path, value["id"])
    except RecordError as error:
        reason = f"the record cannot be used: {error.message}"
        return kind(id=index, reason=reason), error.message
    return _mended(path, index, value, kind)


def _parsed(data: bytes, kind: type[Record]) -> Record | None:
    """The record, where there is nothing to mend: several times quicker than the way below."""
    try:
        return kind.model_validate_json(data)
    except ValueError:
        return None


def _mended(
    path: Path, index: int, value: dict[str, Any], kind: type[Record]
) -> tuple[Record, str | None]:
    problem = None if "id" in value else f"{path.name} says not which job it is of"
    record, left_out = _without_bad_fields({**value, "id": index}, kind)
    if left_out:
        named = ", ".join(left_out[:_SHOWN_FIELDS])
        problem = f"{path.name}: not what they should be and left out: {named}"
    return record, problem


def _without_bad_fields(value: dict[str, Any], kind: type[Record]) -> tuple[Record, list[str]]:
    from pydantic import ValidationError

    try:
        return kind.model_validate(value), []
    except ValidationError as error:
        bad = sorted({str(part["loc"][0]) for part in error.errors()})
    kept = {name: item for name, item in value.items() if name not in bad}
    return kind.model_validate(kept), bad


def record_indices(paths: SweepPaths) -> list[int]:
    """The numbers of the jobs that have a record, in order; gaps are allowed."""
    matches = map(_RECORD.fullmatch, _names(paths.root))
    return sorted(int(match[1]) for match in matches if match)


def last_attempts(paths: SweepPaths) -> dict[int, int]:
    """The highest attempt of each job that has left a file, whether its record knows it or not."""
    found: dict[int, int] = {}
    for match in map(_ATTEMPT_FILE.fullmatch, _names(paths.state)):
        if match:
            index, number = int(match[1]), int(match[2])
            found[index] = max(found.get(index, 0), number)
    return found


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return []


def iter_sweeps(results_dir: Path) -> Iterator[SweepPaths]:
    """The sweeps below a results folder, by name."""
    with contextlib.suppress(OSError):
        for entry in sorted(results_dir.iterdir()):
            if _is_sweep(entry):
                yield SweepPaths(entry)


def _is_sweep(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.is_symlink() or not folder.is_dir():
        return False  # a hidden one is being written
    return (folder / "sweep.json").exists() or (folder / "summary.json").exists()


def runs_elsewhere(document: Mapping[str, Any]) -> bool:
    """Whether a sweep, by its sweep.json, runs on hosts or on the nodes of a cluster."""
    return bool(_spec(document).get("hosts")) or runs_on_cluster(document)


def runs_on_cluster(document: Mapping[str, Any]) -> bool:
    """Whether a sweep, by its sweep.json, runs on the nodes of a cluster."""
    return _spec(document).get("executor") == "slurm"


def _spec(document: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = document.get("spec")
    return spec if isinstance(spec, dict) else {}
