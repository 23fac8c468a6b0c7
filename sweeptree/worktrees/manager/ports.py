"""Blocks of ports: ten for each worktree that asks, no two worktrees of a machine the same.

Hides where the blocks are noted. A block belongs to its worktree for as long as that stands; below
the range from which the system gives out ports by itself.
"""

from __future__ import annotations

import errno
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

from sweeptree.errors import RecordError, Refused
from sweeptree.records import read_json
from sweeptree.system import locks
from sweeptree.system.files import write_json

BLOCK = 10
FIRST, LAST = 20000, 29990
_PATIENCE = 10.0  # seconds that another command may need to choose a block


def take_ports(folder: Path, top: Path) -> int:
    """The first of ten ports for the worktree at `top`, none of them in use now.

    `folder`: where this user's blocks are noted. The same worktree gets the same block again where
    it is free. Raises Refused when none is free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locks.hold(folder / ".lock", patience=_PATIENCE):
        taken = _taken(folder, top)
        for first in _candidates(top):
            if first not in taken and _are_free(first):
                write_json(folder / f"{first}.json", {"worktree": str(top)})
                return first
    raise Refused(
        f"none of the blocks of ports from {FIRST} to {LAST + BLOCK - 1} is free",
        hint="sweeptree worktree clean removes worktrees that nobody needs",
    )


def _taken(folder: Path, top: Path) -> set[int]:
    """The blocks of other worktrees that still stand; notes of those that are gone are removed."""
    found: set[int] = set()
    for path in folder.glob("*.json"):
        owner = _owner(path)
        if owner is None or owner == top or not owner.exists():
            path.unlink(missing_ok=True)
        else:
            found.add(int(path.stem))
    return found


def _owner(path: Path) -> Path | None:
    try:
        return Path(read_json(path)["worktree"]) if path.stem.isdigit() else None
    except (RecordError, KeyError, TypeError):
        return None


def _candidates(top: Path) -> Iterator[int]:
    """All blocks once, from one that depends on the worktree's path."""
    many = (LAST - FIRST) // BLOCK + 1
    start = zlib.crc32(bytes(top))
    for step in range(many):
        yield FIRST + (start + step) % many * BLOCK


def _are_free(first: int) -> bool:
    return all(_is_free(port) for port in range(first, first + BLOCK))


def _is_free(port: int) -> bool:
    """Whether nobody listens on the port, on IPv4 and IPv6."""
    return all(_can_bind(family, port) for family in (socket.AF_INET, socket.AF_INET6))


def _can_bind(family: socket.AddressFamily, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(("", port))
    except OSError as error:
        # A machine without IPv6 has no port of that kind to be taken.
        return family == socket.AF_INET6 and error.errno != errno.EADDRINUSE
    return True
