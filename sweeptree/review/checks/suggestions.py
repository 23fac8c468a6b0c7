"""A tool's fix as whole lines that may stand in place of others, for a suggestion block. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeptree.review.change import ChangedFile

_MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class Replacement:
    """The text (without its last newline) that may stand in place of the lines first to last."""

    first: int
    last: int
    text: str


def suggestion_of(
    fix: Mapping[str, Any] | None, file: ChangedFile | None, line: int
) -> Replacement | None:
    """Ruff's fix, where it is safe, begins at this line and touches added lines only; else None."""
    if fix is None or file is None or file.new is None or fix.get("applicability") != "safe":
        return None
    edits = fix["edits"]
    first = min(int(edit["location"]["row"]) for edit in edits)
    last = max(_last_row(edit) for edit in edits)
    touched = set(range(first, last + 1))
    if first != line or last - first >= _MOST_LINES or not touched <= file.added:
        return None
    return _replaced(file.new, edits, first, last)


def _last_row(edit: Mapping[str, Any]) -> int:
    """An edit that ends at the first column takes the line break before it along."""
    end = edit["end_location"]
    row, column = int(end["row"]), int(end["column"])
    return row - 1 if column == 1 and row > int(edit["location"]["row"]) else row


def _replaced(
    text: str, edits: Sequence[Mapping[str, Any]], first: int, last: int
) -> Replacement | None:
    lines = text.split("\n")
    end = sum(len(line) + 1 for line in lines[:last])
    start = sum(len(line) + 1 for line in lines[: first - 1])
    changed = text
    tail = len(text) - min(end, len(text))
    for edit in sorted(edits, key=lambda each: _offset(lines, each["location"]), reverse=True):
        head = changed[: _offset(lines, edit["location"])]
        rest = changed[_offset(lines, edit["end_location"]) :]
        changed = head + str(edit.get("content") or "") + rest
    replaced = changed[start : len(changed) - tail]
    if not replaced.strip():
        return None  # a whole line to be deleted: GitHub takes an empty block, people misread it
    return Replacement(first, last, replaced.removesuffix("\n"))


def _offset(lines: Sequence[str], place: Mapping[str, Any]) -> int:
    row, column = int(place["row"]), int(place["column"])
    before = sum(len(line) + 1 for line in lines[: row - 1])
    return before + column - 1
