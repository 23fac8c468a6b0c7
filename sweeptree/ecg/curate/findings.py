"""What a check found, how bad it is, and the file and the summary that say so."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "quarantine", "note"]

SEVERITY: dict[str, Severity] = {
    # the bytes are not what the publisher wrote, or somebody tampered with names: the run stops
    "sha256": "error",
    "sums_syntax": "error",
    "file_missing": "error",
    "file_size": "error",
    "symlink": "error",
    "unsafe_path": "error",
    "checksum": "error",
    "header_syntax": "error",
    "header_rate": "error",
    "header_gain": "error",
    "header_length": "error",
    "header_leads": "error",
    "header_file": "error",
    "label_missing": "error",
    "label_syntax": "error",
    "label_unknown": "error",
    "label_likelihood": "error",
    "fold_missing": "error",
    "fold_range": "error",
    "patient_folds": "error",
    "id_duplicate": "error",
    "id_syntax": "error",
    "path_of_record": "error",
    # the record is what was published, but no signal to learn from: left out and listed
    "invalid_samples": "quarantine",
    "flat_lead": "quarantine",
    "amplitude": "quarantine",
    "limb_leads": "quarantine",
    "duplicate_signal": "quarantine",
    # worth knowing; nothing is left out
    "clipped_lead": "note",
    "duplicate_kept": "note",
    "sha256_missing": "note",
    "sha256_table": "note",
    "sums_crlf": "note",
    "stray_file": "note",
    "records_joined": "note",
    "records_unsafe": "note",
    "table_bom": "note",
    "table_resaved": "note",
    "age_over_89": "note",
    "age_invalid": "note",
    "version_old": "note",
}
_ORDER = {"error": 0, "quarantine": 1, "note": 2}
COLUMNS = ("severity", "check", "ecg_id", "file", "detail")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found. `ecg_id` is 0 when it concerns no single record."""

    check: str
    ecg_id: int
    file: str
    detail: str

    @property
    def severity(self) -> Severity:
        """How bad it is: the table above decides, in one place."""
        return SEVERITY[self.check]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, worst first, in an order that does not depend on threads."""
    return sorted(set(findings), key=_place)


def _place(f: Finding) -> tuple[int, str, int, str, str]:
    return (_ORDER[f.severity], f.check, f.ecg_id, f.file, f.detail)


def to_csv(findings: Sequence[Finding]) -> bytes:
    """validation.csv: one row per finding.

    A cell that a spreadsheet would run as a formula is quoted.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for f in findings:
        writer.writerow((f.severity, f.check, f.ecg_id or "", _plain(f.file), _plain(f.detail)))
    return text.getvalue().encode()


def _plain(text: str) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return f"'{clean}" if clean[:1] in ("=", "+", "-", "@") else clean


def left_out(findings: Iterable[Finding]) -> dict[int, tuple[str, ...]]:
    """The records to leave out, with the checks that say why: everything worse than a note."""
    reasons: dict[int, set[str]] = {}
    for f in findings:
        if f.ecg_id and f.severity != "note":
            reasons.setdefault(f.ecg_id, set()).add(f.check)
    return {ecg_id: tuple(sorted(checks)) for ecg_id, checks in sorted(reasons.items())}


def summary(findings: Sequence[Finding], examples: int = 3) -> list[str]:
    """A few lines for a person: how many of each, worst first, with examples."""
    counts = Counter((f.severity, f.check) for f in findings)
    worst_first = sorted(counts, key=lambda kind: (_ORDER[kind[0]], kind[1]))
    lines = []
    for severity, check in worst_first:
        count = counts[severity, check]
        some = [_example(f) for f in findings if f.check == check][:examples]
        if count > len(some):
            some.append(f"and {count - len(some)} more")
        lines.append(f"{severity:<10} {count:>6} x {check}: {'; '.join(some)}")
    return lines


def _example(f: Finding) -> str:
    detail = _plain(f.detail)
    return f"ecg {f.ecg_id}: {detail}" if f.ecg_id else detail
