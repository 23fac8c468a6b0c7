"""A network disk is told from a disk of this machine by the table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeptree.engine.server.network import network_disk, refuse_network_disk

MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /net/home rw shared:2 - nfs4 server:/home rw,vers=4.2
41 40 0:36 / /net/home/local rw - xfs /dev/sdb1 rw
42 22 0:37 / /a\040b rw - fuse.sshfs me@there: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/x", None),
        ("/net/home/ada/.local/state/sweeptree", "nfs4"),
        ("/net/home/local/ada", None),
        ("/net/homeless", None),
        ("/a b/home", "fuse.sshfs"),
    ],
)
def test_the_deepest_mount_counts(folder: str, kind: str | None) -> None:
    assert network_disk(Path(folder), MOUNTS) == kind


def test_nothing_is_refused_where_no_mounts_are_told() -> None:
    assert network_disk(Path("/net/home"), "") is None


def test_a_folder_of_this_machine_is_not_refused(tmp_path: Path) -> None:
    refuse_network_disk(tmp_path)
