"""What a job printed, made harmless for a terminal (colours pass, other escapes do not), or plain.

Hides: which bytes a terminal obeys (ECMA-48: CSI, OSC, DCS, C1) and sequences torn between reads.
"""

from __future__ import annotations

import re

_COLOUR = rb"\x1b\[[0-9;:]*[mK]"
_STRING = rb"\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)"
_OTHER_CSI = rb"\x1b\[[0-?]*[ -/]*[@-~]"
_CONTROL = rb"\xc2[\x80-\x9f]|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]"
_OBEYED = re.compile(b"(%s)|%s|%s|%s" % (_COLOUR, _STRING, _OTHER_CSI, _CONTROL))
_TORN = re.compile(rb"(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?)?|\xc2)\Z")
_MAX_HELD = 4096


class Harmless:
    """A stream's bytes without what a terminal would obey; the last ones wait for their rest."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be shown by now."""
        data = self._held + data
        torn = _TORN.search(data[-_MAX_HELD:])
        end = len(data) - (len(torn[0]) if torn else 0)
        self._held = data[end:]
        return harmless(data[:end])

    def rest(self) -> bytes:
        """What still waited."""
        held, self._held = self._held, b""
        return harmless(held)


def harmless(data: bytes) -> bytes:
    """The text and its colours."""
    return _OBEYED.sub(lambda match: match[1] or b"", data)


def plain(data: bytes) -> str:
    """The text alone, as a terminal would show it in the end: of a line that was written over
    (a progress bar), what was written last."""
    text = _OBEYED.sub(b"", data).decode("utf-8", "replace")
    return "\n".join(_written_last(line) for line in text.split("\n"))


def _written_last(line: str) -> str:
    parts = [part for part in line.split("\r") if part]
    return parts[-1] if parts else ""
