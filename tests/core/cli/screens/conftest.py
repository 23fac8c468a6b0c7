"""A sweep for the screens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli_records import plan_sweep
from sweeptree.records import SweepPaths, SweepStore


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """Four planned jobs."""
    return plan_sweep(tmp_path / "results")


@pytest.fixture
def store(paths: SweepPaths) -> Iterator[SweepStore]:
    """The sweep, held for writing."""
    with SweepStore.open(paths) as store:
        yield store
