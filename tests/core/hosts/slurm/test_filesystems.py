"""Which file system a folder is on, by tables as Linux prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeptree.hosts.slurm.filesystems import Kind, kind_of

TABLE = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /home rw - nfs4 server:/home rw
31 22 0:26 / /lustre\040big rw - lustre mds:/big rw
32 30 0:27 / /home/local rw - xfs /dev/sdb rw
""".strip()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/ada/results", Kind("nfs4", True)),
        ("/homes", Kind("ext4", False)),
        ("/lustre big/x", Kind("lustre", True)),
        ("/home/local", Kind("xfs", False)),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, folder: str, kind: Kind) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    assert kind_of(Path(folder), table) == kind
