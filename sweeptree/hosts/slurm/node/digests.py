"""Which data a job is given on its node, by the digest that they say themselves.

The same as `analysis.datasets` says on other machines. Hides the manifest, and that its place may
be a link or a pipe that nobody writes to.
"""

from __future__ import annotations

import json
import os
import stat

from sweeptree.system.locks import OPEN_SAFELY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_BYTES = 16 * 1024 * 1024
_LONGEST_DIGEST = 128


def digest(folder: str, files: Sequence[str]) -> str | None:
    """The first digest that one of these files tells; `folder`: where their paths begin."""
    for name in files:
        found = _told_by(os.path.join(folder, name))
        if found is not None:
            return found
    return None


def _told_by(path: str) -> str | None:
    try:
        told = json.loads(_content(path))
    except (OSError, ValueError):
        return None
    found = told.get("digest") if isinstance(told, dict) else None
    if not isinstance(found, str) or not found.isprintable():
        return None
    return found if 0 < len(found) <= _LONGEST_DIGEST else None


def _content(path: str) -> bytes:
    """Of a regular file that is not too large; nothing of any other."""
    file = os.open(os.path.realpath(path), os.O_RDONLY | OPEN_SAFELY)
    with open(file, "rb") as manifest:
        seen = os.fstat(file)
        is_fit = stat.S_ISREG(seen.st_mode) and seen.st_size <= _MOST_BYTES
        return manifest.read() if is_fit else b""
