"""TensorBoard's event files: scalars of TensorFlow, PyTorch, Keras, Lightning and Hugging Face.

A file is a row of records: length (8 bytes, little endian), its masked CRC-32C, an `Event` message,
its CRC. Sources: tensorflow/core/lib/io/record_writer.h, core/util/event.proto and summary.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from sweeptree.analysis.metrics.files import MAX_FILE_BYTES, head
from sweeptree.analysis.metrics.points import Remark, Stream, point
from sweeptree.analysis.metrics.wire import WireError, fields

_LENGTH = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_CRC_BYTES = _CRC.size
_MAX_CHECKED = 64 * 1024
_EVENT_STEP, _EVENT_SUMMARY = 2, 5
_SUMMARY_VALUE = 1
_TAG, _SIMPLE_VALUE, _TENSOR = 1, 2, 8
_DTYPE, _CONTENT, _FLOATS, _DOUBLES = 1, 4, 5, 6
_FORMATS = {1: "<f", 2: "<d"}  # DT_FLOAT, DT_DOUBLE
_POLYNOMIAL = 0x82F63B78
_MASK = 0xA282EAD8
_WRAP = 2**64  # a negative step is written as what it lacks to this


def read_event_file(path: Path) -> Stream:
    """The scalars of an event file; one that is cut is read up to there, and a record with a
    wrong checksum is left out."""
    piece = head(path, MAX_FILE_BYTES)
    if not piece.is_whole:
        yield Remark("larger than 64 MiB: only its beginning was read")
    try:
        for record, crc in _records(piece.data):
            yield from _checked(record, crc)
    except WireError as error:
        yield Remark(str(error))


def _checked(record: bytes, crc: int) -> Stream:
    """The scalars of a record that is as it was written; a giant, such as a picture, has none."""
    is_small = len(record) <= _MAX_CHECKED
    if is_small and _masked(_crc(record)) != crc:
        yield Remark("damaged records were left out")
    elif is_small:
        yield from _scalars(record)


def _records(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The records, each with the checksum that is told for it."""
    place = 0
    while place < len(data):
        begin = place + _LENGTH.size
        if begin > len(data):
            raise WireError("cut in the middle")
        length, crc = _LENGTH.unpack_from(data, place)
        if crc != masked_crc(data[place : place + 8]):
            raise WireError(f"damaged after {place} bytes" if place else "no event file")
        end = begin + length
        if end + _CRC_BYTES > len(data):
            raise WireError("cut in the middle")
        yield data[begin:end], _CRC.unpack_from(data, end)[0]
        place = end + _CRC_BYTES


def _scalars(event: bytes) -> Stream:
    step = 0
    summary = b""
    for number, value in fields(event):
        if number == _EVENT_STEP and isinstance(value, int):
            step = value
        elif number == _EVENT_SUMMARY and isinstance(value, bytes):
            summary = value
    values = [value for number, value in fields(summary) if number == _SUMMARY_VALUE]
    found = [_scalar(value) for value in values if isinstance(value, bytes)]
    items = {tag: number for tag, number in found if number is not None}
    if items:
        yield point(step - _WRAP if step >= _WRAP // 2 else step, items)


def _scalar(message: bytes) -> tuple[str, float | None]:
    parts = {number: value for number, value in fields(message) if isinstance(value, bytes)}
    tag = parts.get(_TAG, b"").decode("utf-8", "replace")
    simple = parts.get(_SIMPLE_VALUE)
    if simple is not None and len(simple) == 4:
        return tag, float(struct.unpack("<f", simple)[0])
    tensor = parts.get(_TENSOR)
    return tag, None if tensor is None else _only_number(tensor)


def _only_number(tensor: bytes) -> float | None:
    """The number of a tensor of one element; None for any other tensor."""
    parts = dict(fields(tensor))
    dtype = parts.get(_DTYPE)
    kind = _FORMATS.get(dtype) if isinstance(dtype, int) else None
    if kind is None:
        return None
    for name in (_CONTENT, _FLOATS, _DOUBLES):
        data = parts.get(name)
        if isinstance(data, bytes) and len(data) == struct.calcsize(kind):
            return float(struct.unpack(kind, data)[0])
    return None


@lru_cache(maxsize=4096)  # most records of a file have one of few lengths
def masked_crc(data: bytes) -> int:
    """The CRC-32C of a record's length, as the format masks it."""
    return _masked(_crc(data))


def _crc(data: bytes) -> int:
    """In Python: some 0.1 us per byte, and a record of scalars has some 50."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


def _crc_of_byte(byte: int) -> int:
    crc = byte
    for _ in range(8):
        crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


_CRC_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))
