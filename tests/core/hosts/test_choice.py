"""Who plans a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hosts.far_host_kit import GPUS, entry_of
from core.hosts.ssh_kit import FarSide
from core.sweep.kit import make_spec
from sweeptree.errors import UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.hosts.inventory import Inventory
from sweeptree.hosts.lanes.planning import OnHosts
from sweeptree.hosts.slurm.planning import OnSlurm
from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import OnThisMachine

PLAIN = SweepSpec(exp_name="exp", commands=("true",))


def test_a_sweep_that_names_no_host_is_planned_for_this_machine(repo: Path) -> None:
    assert isinstance(planner_for(make_spec(repo, "true"), Settings()), OnThisMachine)


def test_one_that_names_hosts_is_planned_by_what_they_have_now(
    repo: Path, tmp_path: Path, far: FarSide
) -> None:
    settings = Settings(home=tmp_path / "state")
    Inventory(settings.home).put(entry_of(far, GPUS[:1]))
    planner = planner_for(make_spec(repo, "true", hosts="gpu2"), settings)
    assert isinstance(planner, OnHosts)
    assert [(each.host.name, each.slots) for each in planner.stations] == [("gpu2", 1)]


def test_a_host_that_was_not_added_is_refused(repo: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "state")
    with pytest.raises(UsageError, match="there is no host 'gpu9'"):
        planner_for(make_spec(repo, "true", hosts="gpu9"), settings)


def test_a_cluster() -> None:
    cluster = PLAIN.model_copy(update={"executor": "slurm"})
    assert isinstance(planner_for(cluster, Settings()), OnSlurm)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"array_parallelism": 3}, "are for jobs on a cluster"),
        ({"executor": "slurm", "hosts": ("gpu1",)}, "two places to run at"),
    ],
)
def test_options_that_contradict_each_other(fields: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        planner_for(PLAIN.model_copy(update=fields), Settings())
