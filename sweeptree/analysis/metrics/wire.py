"""Protocol buffers on the wire: the fields of a message, without its definition.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

# How the value of a field is written.
_VARINT = 0
_FIXED64 = 1
_BYTES = 2
_FIXED32 = 5


class WireError(ValueError):
    """These bytes are no message."""


_FIXED = {_FIXED64: 8, _FIXED32: 4}
_MAX_SHIFT = 63


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field in the order written: an integer for a varint, else the bytes.

    Raises WireError.
    """
    place = 0
    while place < len(message):
        key, place = _short(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        length, place = _length(message, place, kind)
        end = place + length
        if end > len(message):
            raise WireError("a field is cut")
        yield number, message[place:end]
        place = end


def _length(message: bytes, place: int, kind: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _short(message, place) if place < len(message) else _varint(message, place)
    try:
        return _FIXED[kind], place
    except KeyError as error:
        raise WireError(f"wire type {kind}") from error


def _short(message: bytes, place: int) -> tuple[int, int]:
    """A varint that mostly has one byte."""
    byte = message[place]
    return (byte, place + 1) if byte < 0x80 else _varint(message, place)


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift <= _MAX_SHIFT:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise WireError("a number is cut")
