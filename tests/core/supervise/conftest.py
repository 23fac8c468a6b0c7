"""What the tests of keepers share."""

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.keeper_kit import Kit
from sweeptree import supervise


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path, f"t{uuid.uuid4().hex}")
    yield kit
    supervise.sweep_orphans(kit.name, lambda name: False)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)
