"""Whether a folder is on a disk of another machine, where SQLite's locks cannot be relied upon."""

from __future__ import annotations

import re
from pathlib import Path

from sweeptree.errors import ServerError

_NETWORK = re.compile(
    r"(nfs|cifs|smb|afs|ceph|lustre|gpfs|beegfs|glusterfs|9p|orangefs|fuse\.(sshfs|s3fs|gcsfuse))"
)
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def refuse_network_disk(home: Path) -> None:
    """Raise ServerError where the home of a server is on a network disk."""
    found = disk_of(home)
    if found is not None:
        raise ServerError(
            f"{home} is on a network disk ({found}): SQLite's locks cannot be relied upon there",
            hint="set SWEEPTREE_HOME to a folder of yours on a disk of this machine",
        )


def disk_of(folder: Path) -> str | None:
    """The kind of the network disk that a folder is on; None for a disk of this machine."""
    return network_disk(folder, _mounts())


def network_disk(folder: Path, mounts: str) -> str | None:
    """The kind of the network disk that a folder is on, by the text of /proc/self/mountinfo; None
    for a disk of this machine."""
    real = folder.resolve()
    best, kind = Path(), ""
    for line in mounts.splitlines():
        place, found = _mount(line)
        is_deeper = len(place.parts) >= len(best.parts)
        if real.is_relative_to(place) and is_deeper:
            best, kind = place, found
    return kind if _NETWORK.match(kind) else None


def _mount(line: str) -> tuple[Path, str]:
    """Where a line of mountinfo mounts what kind of file system."""
    before, _, after = line.partition(" - ")
    words, kinds = before.split(" "), after.split(" ")
    place = words[4] if len(words) > 4 else ""
    return Path(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), place)), kinds[0]


def _mounts() -> str:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
