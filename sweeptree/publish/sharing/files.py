"""Which files of a sweep are shared: its records, aggregates and curves. No log, no artifact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import RecordError, Refused
from sweeptree.records import read_bytes
from sweeptree.repository import leaks
from sweeptree.repository.guards import MIB, Examined, size_of

MAX_FILE = 16 * MIB
MAX_DOCUMENT = 128 * MIB  # aggregated.json of many jobs
MAX_CURVE = 1 * MIB
MAX_TOTAL = 256 * MIB
_DOCUMENTS = ("sweep.json", "summary.json", "aggregated.json", "aggregated.csv", "groups.csv")
_RECORD = re.compile(r"job_\d{1,9}\.meta\.json")
_CURVE = re.compile(r"job_\d{1,9}\.(?:metrics|history)\.jsonl")


@dataclass(frozen=True, slots=True)
class Collected:
    """What goes in, by name, and what is left out, one line each."""

    files: Mapping[str, bytes]
    left_out: tuple[str, ...] = field(default=())


def limit_of(name: str) -> int | None:
    """The most bytes that a file of this name may have; None: such a file is not shared."""
    if name in _DOCUMENTS:
        return MAX_DOCUMENT
    if _RECORD.fullmatch(name):
        return MAX_FILE
    return MAX_CURVE if _CURVE.fullmatch(name) else None


def collect(root: Path) -> Collected:
    """The files of a sweep that are shared. Raises Refused where they are too many together."""
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    for name in sorted(path.name for path in root.iterdir()):
        limit = limit_of(name)
        if limit is None:
            continue
        try:
            files[name] = read_bytes(root / name, limit=limit)
        except RecordError as error:  # a link that a job planted, or too large
            left_out.append(error.message)
    total = sum(map(len, files.values()))
    if total > MAX_TOTAL:
        raise Refused(
            f"the records of {root.name} have {size_of(total)}; the limit is {size_of(MAX_TOTAL)}",
            hint="sweeptree export writes one file per sweep",
        )
    return Collected(files, tuple(left_out))


def check_secrets(files: Mapping[str, bytes], known: tuple[str, ...]) -> None:
    """Raise Refused where a file holds a secret, naming the place and never the value."""
    problems = tuple(_problems(files, known))
    Examined((), problems=problems).must_pass(
        "a command that names a token: give it by the environment, as --keep_env NAME"
    )


def _problems(files: Mapping[str, bytes], known: tuple[str, ...]) -> Iterator[str]:
    for name, data in files.items():
        if leaks.has_leak(data, known):
            yield from leaks.leaks(name, data, known=known)
