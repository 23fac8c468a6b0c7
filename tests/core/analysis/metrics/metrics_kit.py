"""Files as trackers wrote them, and small ones of the same formats."""

import base64
import struct
from collections.abc import Iterator
from pathlib import Path

from sweeptree.analysis.metrics.points import Point, Remark

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> bytes:
    return base64.b64decode((GOLDEN / f"{name}.b64").read_text())


def apart(stream: Iterator[Point | Remark]) -> tuple[list[Point], list[str]]:
    """The points that say something, and the remarks."""
    found = list(stream)
    points = [each for each in found if isinstance(each, Point) and each.says_something]
    return points, [each.text for each in found if isinstance(each, Remark)]


def event(step: int, tag: str, value: float) -> bytes:
    """A record of an event file; made with the reader's CRC, so golden files prove the format."""
    from sweeptree.analysis.metrics.event_files import masked_crc

    item = b"\x0a" + bytes([len(tag)]) + tag.encode() + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(item)]) + item
    message = b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary
    length = struct.pack("<Q", len(message))
    checks = [struct.pack("<I", masked_crc(data)) for data in (length, message)]
    return length + checks[0] + message + checks[1]
