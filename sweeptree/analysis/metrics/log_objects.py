"""JSON objects in a job's log: `SWEEPTREE {...}` lines, and objects behind a progress bar, colours,
a logger's prefix."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sweeptree.analysis.metrics.json_files import parsed
from sweeptree.analysis.metrics.points import Point, points_of

_MARKED = re.compile(rb"SWEEPTREE[ \t]+(\{[^\r\n]*\})")
_MAX_BAR = 400
_MAX_BRACES = 4
_MAX_LINE = 256 * 1024
_LINE_END = re.compile(rb"[\r\n]")
_ESCAPE = rb"\x1b\[[0-9;?]*[A-Za-z]"
_BAR = rb"[^\r\n]*\d+%[^\r\n]*|[^\r\n]*\d+(?:\.\d+)?\s?(?:it|s|batch\w*|step\w*)/[^\r\n]*"
_BEFORE_MARK = re.compile(rb"(?:[ \t]|%s)*|%s" % (_ESCAPE, _BAR))
_DECODER = json.JSONDecoder()


def marked_points(data: bytes) -> Iterator[Point]:
    """What stands in `SWEEPTREE {...}` lines."""
    for value in parsed(_after_mark(data)):
        yield from points_of(value)


def _after_mark(data: bytes) -> Iterator[bytes]:
    """What follows SWEEPTREE at the beginning of a line; blanks or a progress bar may precede it.

    A bar ends with no newline, so that what is printed next stands behind it.
    """
    for line in lines_with(data, [b"SWEEPTREE"]):
        match = _MARKED.search(line, 0, line.rfind(b"}") + 1)  # without a brace it were quadratic
        if match is None or match.start() > _MAX_BAR:
            continue
        if _BEFORE_MARK.fullmatch(line[: match.start()]):
            yield match[1]


def object_points(data: bytes, name: str | None) -> Iterator[Point]:
    """What stands in JSON objects anywhere in a line: in all that have the metric `name`; without a
    name only in the last one with a number, as settings are printed as objects too."""
    if name is not None:
        yield from _with_name(data, name)
        return
    for line in reversed(_LINE_END.split(data)):
        points = [each for value in _objects_in(line) for each in points_of(value)]
        if any(each.says_something for each in points):
            yield from points
            return


def _with_name(data: bytes, name: str) -> Iterator[Point]:
    for line in lines_with(data, [f'"{name.rsplit(".", maxsplit=1)[-1]}"'.encode()]):
        for value in _objects_in(line):
            points = list(points_of(value))
            if any(name in each.numbers or name in each.not_finite for each in points):
                yield from points


def _objects_in(line: bytes) -> Iterator[dict[str, Any]]:
    """The objects of a line, whatever stands before, between and after them."""
    if b"}" not in line or len(line) > _MAX_LINE:
        return
    text = line.decode("utf-8", "replace")
    place = 0
    for _ in range(_MAX_BRACES):
        place = text.find("{", place)
        if place < 0:
            return
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
            continue
        if isinstance(value, dict):
            yield value


def lines_with(data: bytes, needles: Sequence[bytes]) -> Iterator[bytes]:
    """The lines that hold one of these texts, in their order; a carriage return ends a line too."""
    pattern = re.compile(b"|".join(map(re.escape, needles)))
    place = 0
    while found := pattern.search(data, place):
        begin = _begin_of_line(data, place, found.start())
        end = _LINE_END.search(data, found.end())
        place = end.end() if end else len(data)
        yield data[begin : end.start() if end else len(data)]
        if place >= len(data):
            return


def _begin_of_line(data: bytes, place: int, inside: int) -> int:
    """Where the line begins that holds `inside`; `place`: where some line begins before it."""
    newline = data.rfind(b"\n", place, inside)
    carriage_return = data.rfind(b"\r", place, inside)
    return max(place - 1, newline, carriage_return) + 1
