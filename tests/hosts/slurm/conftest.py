"""Tests on a real Slurm cluster of this machine: sealed like the core tests; none outlives its
test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_rig import SlurmRig, lacks


@pytest.fixture(autouse=True)
def _sealed(git_env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """See git_env in tests/conftest.py; the state's home is the test's own."""
    monkeypatch.setenv("SWEEPTREE_HOME", str(git_env / "state"))


@pytest.fixture(scope="session")
def _why_no_slurm() -> str:
    """Asked once in a run: why there can be no cluster here."""
    return lacks()


@pytest.fixture
def cluster(_why_no_slurm: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmRig]:
    """A cluster of two nodes with two cores and two GPUs each; Slurm's commands find it."""
    if _why_no_slurm:
        pytest.skip(_why_no_slurm)
    with SlurmRig() as rig:
        for name, value in rig.environment.items():
            monkeypatch.setenv(name, value)
        yield rig
