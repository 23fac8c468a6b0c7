"""What to tell where a metric was not found: what stood where it could have been, and the option
that finds it."""

from __future__ import annotations

import codecs
import difflib
import re
import shlex
from pathlib import Path

from sweeptree.analysis.metrics.files import ending
from sweeptree.analysis.metrics.log_pairs import lines_of
from sweeptree.analysis.metrics.sources import (
    MAX_MARKED_BYTES,
    MAX_TAIL_BYTES,
    Places,
    Wanted,
    printed_points,
)

NOTHING_FOUND = "none found"
_SHOWN_TEXT = 60
_SHOWN_NAMES = 5
_BETWEEN = r"[^\d\n]{0,40}?"
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"


def what_stood_there(places: Places, wanted: Wanted) -> str | None:
    """What stood where metrics could have been; None where nothing did."""
    report, log = unreadable(places.metrics_file), places.log
    seen = [report] if report else []
    if wanted.regex is not None:
        seen.append(f"--metric_regex finds no number in {log.name}")
    seen += _said_by_log(log, wanted.name)
    return f"{NOTHING_FOUND}: {'; '.join(seen)}" if seen else None


def unreadable(file: Path) -> str | None:
    """What a file of metrics holds in which none were found; None where it is empty."""
    data = ending(file, MAX_TAIL_BYTES).data
    return f"{file.name} holds {_kind(data)}" if data.strip() else None


def _said_by_log(log: Path, name: str | None) -> list[str]:
    """What the log says: the wanted name before a number, a mark without JSON, or other names."""
    if name is not None and (hint := in_log(log, name)):
        return [hint]
    if b"SWEEPTREE" in ending(log, MAX_MARKED_BYTES).data:
        return [f"{log.name} holds SWEEPTREE, but no line SWEEPTREE {{json}} with a number"]
    others = [] if name is None else _other_names(log)
    if name is None or not others:
        return []
    likest = next(iter(difflib.get_close_matches(name, others, n=1, cutoff=0)))
    return [f"no {name} in {log.name}, but {', '.join(others[:_SHOWN_NAMES])}; --metric {likest}"]


def _other_names(log: Path) -> list[str]:
    """The metrics that the end of the log names."""
    points = printed_points(ending(log, MAX_TAIL_BYTES).data, None)
    return list(dict.fromkeys(name for point in points for name in point.numbers))


def _kind(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16 text, not JSON lines in UTF-8"
    first = data.split(b"\n", 1)[0].strip().decode("utf-8", "replace")
    return f"no JSON object with a number; it begins with {_printable(first)!r}"


def in_log(log: Path, name: str) -> str | None:
    """Where the name stands in the log before a number, and the pattern that finds it there."""
    piece = ending(log, MAX_MARKED_BYTES)
    pattern = re.compile(
        rf"(?<![\w./-])({re.escape(name)})(?![\w/-])({_BETWEEN})({_NUMBER})", re.IGNORECASE
    )
    place = None
    for number, line in enumerate(lines_of(piece.data), 1):
        if match := pattern.search(line):
            place = (number, match)
    if place is None:
        return None
    number, match = place
    where = f"at line {number} of" if piece.is_whole else "near the end of"
    shown = _printable(match[0])
    finds = re.escape(match[1] + match[2]).replace(r"\ ", " ") + r"(\S+)"
    return f"{name} stands {where} {log.name} as {shown!r}; --metric_regex {shlex.quote(finds)}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:_SHOWN_TEXT])
