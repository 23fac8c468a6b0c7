"""Data that a host does not have is missed by the plan, before anything starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.hosts.far_host_kit import host_of
from core.hosts.ssh_kit import FarSide
from core.sweep.kit import make_spec
from sweeptree.errors import Refused
from sweeptree.hosts.lanes.executor import Lanes
from sweeptree.hosts.lanes.lacking import lacking
from sweeptree.hosts.lanes.planning import OnHosts, Station
from sweeptree.hosts.values import Host
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, must_start, prepare


@pytest.fixture
def with_data(repo: Path) -> Path:
    """A repository whose worktrees get data as a link."""
    (repo / "data").mkdir()
    (repo / "data" / "a.csv").write_text("1")
    return repo


def planned(repo: Path, host: Host, config: Path | None = None) -> PreparedSweep:
    planner = OnHosts([Station(host, 1)], config)
    return prepare(make_spec(repo, "true"), Settings(), planner=planner)


def test_a_host_that_does_not_say_where_data_is_refuses_the_plan(
    with_data: Path, far: FarSide
) -> None:
    found = planned(with_data, host_of(far))
    with pytest.raises(Refused, match="gpu2 does not say where it has it"):
        must_start(found)


def test_a_folder_that_is_not_there_refuses_the_plan(with_data: Path, far: FarSide) -> None:
    host = replace(host_of(far), data="/no/such/data")
    with pytest.raises(Refused, match="gpu2 has no folder /no/such/data"):
        must_start(planned(with_data, host))


def test_a_folder_that_is_there_is_taken(with_data: Path, far: FarSide, tmp_path: Path) -> None:
    host = replace(host_of(far), data=str(tmp_path))
    must_start(planned(with_data, host))


@pytest.mark.parametrize("runs", [False, True], ids=["the plan", "the run"])
def test_a_host_is_asked_by_the_way_that_the_configuration_of_ssh_says(
    with_data: Path, far: FarSide, tmp_path: Path, *, runs: bool
) -> None:
    host = replace(host_of(far), data=str(tmp_path))
    config = tmp_path / "ssh_config"
    planner = OnHosts([Station(host, 1)], config)
    if runs:
        planner = Lanes(planner, lambda *_: pytest.fail("nothing is to start"))
    must_start(prepare(make_spec(with_data, "true"), Settings(), planner=planner))
    assert far.configs() == {str(config)}


def test_a_host_that_makes_it_in_its_set_up_is_not_asked(with_data: Path, far: FarSide) -> None:
    host = replace(host_of(far), setup="make data")
    must_start(planned(with_data, host))


def test_a_host_that_is_gone_meanwhile_is_refused(with_data: Path, far: FarSide) -> None:
    host = replace(host_of(far), data="/data")
    prepared = planned(with_data, replace(host, setup="make data"))
    far.fail("ssh: connect to host gpu2 port 22: No route to host\n")
    (refusal,) = lacking(prepared, [host], None)
    assert "gpu2 cannot be reached" in refusal.message
