"""A Slurm for the core tests: programs of these names, and what they were asked."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

FAKE = Path(__file__).with_name("fake_slurm.py")


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a Slurm that runs tasks on this machine; see fake_slurm.py."""
    home = tmp_path / "slurm"
    home.mkdir()
    for name in ("sbatch", "squeue", "scontrol", "scancel"):
        program = home / name
        words = shlex.join([sys.executable, str(FAKE), name])
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')  # a first line takes no spaces
        program.chmod(0o755)
    (home / "node").mkdir()
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(home))
    return home
