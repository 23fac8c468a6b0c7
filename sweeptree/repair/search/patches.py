"""A changed text as a patch that `git apply` takes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def patch_of(path: str, before: bytes, after: bytes) -> bytes:
    """The unified diff of one file; `path` is relative to the repository's top.

    Raises ValueError for a path that git would have to quote.
    """
    if any(ord(letter) < 32 or letter in '"\\' for letter in path):
        raise ValueError(path)
    end = b"\t" if " " in path else b""
    name = path.encode()
    head = b"diff --git a/" + name + b" b/" + name + b"\n"
    files = b"--- a/" + name + end + b"\n+++ b/" + name + end + b"\n"
    return head + files + b"".join(_hunks(before, after))


def _hunks(before: bytes, after: bytes) -> Iterator[bytes]:
    old, new = (data.decode("latin-1").split("\n") for data in (before, after))
    # difflib is given lines with their ends, so that a last line without one differs
    lines = difflib.unified_diff(_with_ends(old), _with_ends(new), n=3)
    for number, line in enumerate(lines):
        if number < 2:
            continue  # its own file names
        data = line.encode("latin-1")
        yield data if data.endswith(b"\n") else data + _NO_NEWLINE


def _with_ends(lines: list[str]) -> list[str]:
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended
