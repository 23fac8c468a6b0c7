"""JSON that trainers write: JSON lines, one object or one array, a history with a list per metric,
Hugging Face's trainer_state.json."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sweeptree.analysis.metrics.files import MAX_FILE_BYTES, ending
from sweeptree.analysis.metrics.points import Remark, Stream, points_of

_LOG_HISTORY = "log_history"


def read_json_file(path: Path) -> Stream:
    """The points of a file of JSON; of one beyond 64 MiB only the lines at its end."""
    piece = ending(path, MAX_FILE_BYTES)
    if not piece.is_whole:
        yield Remark("larger than 64 MiB: only its end was read")
    if is_cut(piece.data):
        yield Remark("cut in the middle")
    for value in objects_of(piece.data):
        yield from points_of(_without_settings(value))


def is_cut(data: bytes) -> bool:
    """Whether the last line begins an object and does not end it."""
    last = data.rstrip(b" \t").rpartition(b"\n")[2]
    return last.startswith(b"{") and not last.endswith(b"}")


def objects_of(data: bytes) -> Iterable[dict[str, Any]]:
    """The objects of JSON lines, or of a file that is one JSON object or array over many lines."""
    data = data.removeprefix(codecs.BOM_UTF8)
    start = data[:64].lstrip()
    if start.startswith(b"{"):
        for value in parsed([data]):
            return [value]
    if start.startswith(b"["):
        return _objects_of_array(data)
    return parsed(data.splitlines())


def parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects among the lines. Torn lines and other text are skipped."""
    for line in lines:
        if not line.lstrip().startswith(b"{"):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _objects_of_array(data: bytes) -> Iterable[dict[str, Any]]:
    """The objects of one JSON array; where it is none, of the lines."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return parsed(data.splitlines())
    return [value for value in values if isinstance(value, dict)]


def _without_settings(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A trainer's state has many numbers beside its history; they are no metrics."""
    history = value.get(_LOG_HISTORY)
    return {_LOG_HISTORY: history} if isinstance(history, list) else value
