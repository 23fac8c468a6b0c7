"""Conflict markers that somebody committed: each side of all of them is a proposal. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

_CONFLICT = re.compile(
    rb"^<<<<<<< [^\n]*\n"
    rb"(?P<ours>(?:(?!^=======\r?$|^<<<<<<< )[^\n]*\n)*?)"
    rb"(?:^\|\|\|\|\|\|\| [^\n]*\n(?:(?!^=======\r?$)[^\n]*\n)*)?"
    rb"^=======\r?\n"
    rb"(?P<theirs>(?:(?!^>>>>>>> )[^\n]*\n)*)"
    rb"^>>>>>>> [^\n]*\n?",
    re.MULTILINE,
)
_MARKER = re.compile(rb"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE)


class Side(StrEnum):
    """What a conflict is resolved to."""

    OURS = "ours"
    THEIRS = "theirs"


def has_conflict(data: bytes) -> bool:
    """Whether a file holds at least one whole conflict, and nothing that only looks like one."""
    without = _CONFLICT.sub(b"", data)
    return without != data and not _MARKER.search(without)


def resolved(data: bytes, side: Side) -> bytes:
    """The file with one side of each of its conflicts."""
    return _CONFLICT.sub(lambda found: found[side.value], data)
