"""Weights & Biases' offline runs: `run-<id>.wandb`, the log that `wandb sync` sends later.

After a header of seven bytes it is a LevelDB log: blocks of 32 KiB, in each record a checksum (4
bytes: CRC-32 of the type and what follows), a length (2) and a type (1: whole; 2, 3, 4: first,
middle and last part). Sources: LevelDB's
doc/log_format.md, wandb_internal.proto.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sweeptree.analysis.metrics.files import MAX_FILE_BYTES, head
from sweeptree.analysis.metrics.points import Remark, Stream, points_of
from sweeptree.analysis.metrics.wire import WireError, fields

_MAGIC = b":W&B"
_HEADER_BYTES = 7
_BLOCK = 32 * 1024
_RECORD = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY, _SUMMARY = 2, 3
_ITEM, _STEP, _STEP_NUMBER = 1, 2, 1
_KEY, _NESTED_KEY, _VALUE_JSON = 1, 2, 16
_INTERNAL = "_"


def read_wandb_file(path: Path) -> Stream:
    """What a run logged step by step, then its summary; a file that is cut is read up to there."""
    piece = head(path, MAX_FILE_BYTES)
    if not piece.is_whole:
        yield Remark("larger than 64 MiB: only its beginning was read")
    if not piece.data.startswith(_MAGIC):
        yield Remark("no offline run")
        return
    yield from _all_points(piece.data)


def _records(data: bytes) -> Iterator[bytes]:
    parts: list[bytes] = []
    for kind, part in _parts(data):
        if kind in (_WHOLE, _FIRST):
            parts = []
        parts.append(part)
        if kind in (_WHOLE, _LAST):
            yield b"".join(parts)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = _HEADER_BYTES
    while place < len(data):
        left_in_block = _BLOCK - place % _BLOCK
        if left_in_block < _RECORD.size:
            place += left_in_block
            continue
        begin = place + _RECORD.size
        if begin > len(data):
            raise WireError("cut in the middle")
        crc, length, kind = _RECORD.unpack_from(data, place)
        if not _WHOLE <= kind <= _LAST:
            raise WireError("damaged, or not closed")
        part = data[begin : begin + length]
        if len(part) < length:
            raise WireError("cut in the middle")
        if crc != zlib.crc32(part, zlib.crc32(bytes([kind]))):
            raise WireError(f"damaged after {place} bytes")
        yield kind, part
        place = begin + length


def _all_points(data: bytes) -> Stream:
    """The steps, then what only the summary knows: values that were set at the end."""
    summary: dict[str, Any] = {}
    logged: set[str] = set()
    try:
        for record in _records(data):
            for number, message in _messages(record):
                if number == _HISTORY:
                    items = _told(message)
                    logged |= items.keys()
                    yield from points_of({"step": _step(message), **items})
                else:
                    summary |= _told(message)
    except WireError as error:
        yield Remark(str(error))
    yield from points_of({name: item for name, item in summary.items() if name not in logged})


def _messages(record: bytes) -> Iterator[tuple[int, bytes]]:
    for number, value in fields(record):
        if number in (_HISTORY, _SUMMARY) and isinstance(value, bytes):
            yield number, value


def _told(message: bytes) -> dict[str, Any]:
    """What the user logged; names of its own begin with an underscore."""
    return {name: item for name, item in _items(message) if not name.startswith(_INTERNAL)}


def _step(message: bytes) -> int | None:
    for number, value in fields(message):
        if number == _STEP and isinstance(value, bytes):
            told = dict(fields(value)).get(_STEP_NUMBER, 0)
            return told if isinstance(told, int) else None
    return None


def _items(message: bytes) -> Iterator[tuple[str, Any]]:
    for number, item in fields(message):
        if number != _ITEM or not isinstance(item, bytes):
            continue
        name, value = _item(item)
        if name and value is not None:
            yield name, value


def _item(message: bytes) -> tuple[str, Any]:
    names: list[str] = []
    text = b"null"
    for number, value in fields(message):
        if not isinstance(value, bytes):
            continue
        if number in (_KEY, _NESTED_KEY):
            names.append(value.decode("utf-8", "replace"))
        elif number == _VALUE_JSON:
            text = value
    try:
        return ".".join(names), json.loads(text)
    except (ValueError, RecursionError):
        return "", None
