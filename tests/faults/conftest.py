"""Fault tests: sealed like the core tests, each with drivers of its own that it may kill."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from core.keeper_kit import Kit
from fault_kit import Sweeper, Zygote, tmpfs

from sweeptree import supervise


@pytest.fixture(autouse=True)
def _sealed(git_env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """See git_env in tests/conftest.py; slots and the server's home are the test's own."""
    monkeypatch.setenv("SWEEPTREE_SLOT_DIR", str(git_env / "slots"))
    monkeypatch.setenv("SWEEPTREE_HOME", str(git_env / "state"))


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """One for all tests of this process."""
    zygote = Zygote(tmp_path_factory.mktemp("drivers"))
    yield zygote
    zygote.close()


@pytest.fixture
def sweeper(repo: Path, zygote: Zygote) -> Iterator[Sweeper]:
    """Runs sweeps in a small repository; what is left of them is ended."""
    yield Sweeper(repo, zygote)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"SWEEPTREE_WORKTREE={repo.parent}".encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    """Launches of keepers, without a sweep."""
    kit = Kit(tmp_path, f"t{os.urandom(8).hex()}")
    yield kit
    supervise.sweep_orphans(kit.name, lambda name: False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MB."""
    disk = tmp_path / "disk"
    if not tmpfs(disk, "160m"):
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)
