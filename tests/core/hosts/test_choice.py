"""Who plans a sweep, by where its spec says it runs."""

from __future__ import annotations

import pytest

from sweeptree.errors import UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.hosts.slurm.planning import OnSlurm
from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import OnThisMachine

PLAIN = SweepSpec(exp_name="exp", commands=("true",))


def test_this_machine_unless_another_is_named() -> None:
    assert isinstance(planner_for(PLAIN, Settings()), OnThisMachine)


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
