"""Who runs the commands of a sweep, and where lanes report to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.hosts.far_host_kit import entry_of
from core.hosts.leases.http_kit import wait_for
from core.hosts.ssh_kit import FarSide, far_side
from core.sweep.kit import make_spec, paths_of
from sweeptree.engine.executors import executor_for
from sweeptree.errors import UsageError
from sweeptree.hosts.inventory import Inventory
from sweeptree.hosts.lanes.executor import Lanes
from sweeptree.hosts.leases.server_process import ServePaths, end_serving
from sweeptree.records import read_record
from sweeptree.settings import Settings
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.run import WithoutEngine, run_sweep
from sweeptree.system import locks


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FarSide:
    return far_side(tmp_path / "far", monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home that knows no host; whatever serves leases there is ended."""
    home = tmp_path / "state"
    yield Settings(home=home)
    end_serving(home)
    wait_for(lambda: not home.exists() or not locks.is_held(ServePaths(home).alive))


def test_a_sweep_that_names_no_host_runs_here(repo: Path, settings: Settings) -> None:
    found = executor_for(make_spec(repo, "true"), settings, print, shown=False)
    assert found is LOCAL
    assert not settings.home.exists()


def test_a_host_that_was_not_added_is_refused_before_anything_starts(
    repo: Path, settings: Settings
) -> None:
    with pytest.raises(UsageError, match="there is no host 'gpu9'"):
        executor_for(make_spec(repo, "true", hosts="gpu9"), settings, print, shown=False)
    assert not ServePaths(settings.home).alive.exists()


def test_without_an_engine_lanes_report_to_a_process_of_ours(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    Inventory(settings.home).put(entry_of(far))
    spec = make_spec(repo, "python train.py 7", hosts="gpu2", min_free=0)
    executor = executor_for(spec, settings, print, shown=False)
    report = run_sweep(spec, None, WithoutEngine(), executor=executor, before_end=int)
    assert report.reason == "1 succeeded"
    assert read_record(paths_of(repo).record(0)).host == "gpu2"
    assert locks.is_held(ServePaths(settings.home).alive)
    lanes = list((far.home / ".sweeptree" / "lanes").glob("*/alive"))
    wait_for(lambda: not any(locks.is_held(alive) for alive in lanes))


def test_beside_a_shared_server_leases_are_served_by_us(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    Inventory(settings.home).put(entry_of(far))
    spec = make_spec(repo, "true", hosts="gpu2")
    assert isinstance(executor_for(spec, settings, print, shown=True), Lanes)
    assert locks.is_held(ServePaths(settings.home).alive)
