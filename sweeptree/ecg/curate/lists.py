"""The two lists of files in a PTB-XL copy: SHA256SUMS.txt, and RECORDS, which is broken in 1.0.3.

Hides: their line formats, and how lines in the wild are told from damage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate.confined import Store, Unreadable, is_safe
from sweeptree.ecg.curate.findings import Finding

MAX_TABLE_BYTES = 128 * 1024 * 1024
_SUM = re.compile(r"([0-9a-fA-F]{64}) [ *]?(.+)")
_BEGINNING = re.compile(r"(?=records(?:100|500)/)")


@dataclass(slots=True)
class Sums:
    """What SHA256SUMS.txt says: the digest by path, and what is wrong with it."""

    digests: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def note(self, check: str, detail: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(check, 0, ptbxl.SUMS, detail))


@dataclass(frozen=True, slots=True)
class RecordPaths:
    """The paths (without suffix) that RECORDS lists, and what is wrong with it."""

    paths: frozenset[str]
    findings: list[Finding]


def text_of(data: bytes) -> str:
    """The text of a table; what is not UTF-8 becomes a mark, as in the reports' broken umlauts."""
    return data.decode("utf-8-sig", errors="replace")


def read_sums(store: Store) -> Sums:
    """SHA256SUMS.txt, empty where there is none."""
    found = Sums()
    try:
        data = store.read(ptbxl.SUMS, MAX_TABLE_BYTES)
    except Unreadable as error:
        found.note(
            "sha256_missing", f"no list of digests ({error}); files cannot be compared with it"
        )
        return found
    if b"\r" in data:
        found.note("sums_crlf", "lines end in CR LF; read all the same")
    for number, line in enumerate(text_of(data).splitlines(), 1):
        if line.strip():
            _read_sum(line, number, found)
    return found


def _read_sum(line: str, number: int, found: Sums) -> None:
    match = _SUM.fullmatch(line.rstrip())
    if not match:
        found.note("sums_syntax", f"line {number} is not a digest and a path: {line[:60]!r}")
        return
    digest, name = match[1].lower(), match[2].removeprefix("./")
    if not is_safe(name):
        found.note(
            "unsafe_path", f"line {number} lists {name[:80]!r}, outside the dataset; ignored"
        )
    elif found.digests.setdefault(name, digest) != digest:
        found.note("sums_syntax", f"line {number} gives {name} a second digest")


def read_records(store: Store) -> RecordPaths:
    """RECORDS, empty where there is none. What is wrong in it is a note: it decides nothing."""
    try:
        data = store.read(ptbxl.RECORDS, MAX_TABLE_BYTES)
    except Unreadable:
        return RecordPaths(frozenset(), [])
    paths: set[str] = set()
    findings: list[Finding] = []
    for number, line in enumerate(text_of(data).splitlines(), 1):
        parts = _paths_in(line.strip())
        if len(parts) > 1:
            findings.append(_joined(number, parts))
        for part in parts:
            if is_safe(part):
                paths.add(part)
            else:
                findings.append(_unsafe(number, part))
    return RecordPaths(frozenset(paths), findings)


def _paths_in(line: str) -> list[str]:
    """The paths of a line: line 21,799 of 1.0.3 runs two together."""
    parts = [part for part in _BEGINNING.split(line) if part]
    both = len(parts) > 1 and all(_BEGINNING.match(part) for part in parts)
    return parts if both else [line] if line else []


def _joined(number: int, parts: list[str]) -> Finding:
    named = " and ".join(part[:80] for part in parts[:3])
    detail = f"line {number} runs paths together (a known defect of 1.0.3); read as {named}"
    return Finding("records_joined", 0, ptbxl.RECORDS, detail)


def _unsafe(number: int, part: str) -> Finding:
    detail = f"line {number} is {part[:80]!r}, outside the dataset; ignored"
    return Finding("records_unsafe", 0, ptbxl.RECORDS, detail)
