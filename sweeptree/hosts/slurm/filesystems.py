"""What kind of file system a folder is on, and whether other machines may see it.

Hides /proc/self/mountinfo.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_SHARED = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.ceph",
        "fuse.glusterfs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "nfs",
        "nfs4",
        "ocfs2",
        "panfs",
        "pvfs2",
        "smb3",
        "vast",
        "virtiofs",
        "wekafs",
    }
)
_ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


@dataclass(frozen=True, slots=True)
class Kind:
    """The name of a file system's type. `is_shared`: it is one that machines share."""

    name: str
    is_shared: bool


def kind_of(folder: Path, table: Path = Path("/proc/self/mountinfo")) -> Kind:
    """The kind of the mount that holds the folder."""
    real = os.path.realpath(folder)
    name, longest = "an unknown file system", -1
    for line in table.read_text().splitlines():
        place, kind = _mount(line)
        if len(place) >= longest and _is_below(real, place):
            name, longest = kind, len(place)
    return Kind(name, name in _SHARED)


def _mount(line: str) -> tuple[str, str]:
    before, _, after = line.partition(" - ")
    place = before.split()[4]
    for escape, char in _ESCAPES.items():
        place = place.replace(escape, char)
    return place, after.split()[0]


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")
