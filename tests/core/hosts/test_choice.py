"""Which executor a spec asks for."""

from __future__ import annotations

import pytest

from sweeptree.errors import UsageError
from sweeptree.hosts.choice import executor_of, planner_of
from sweeptree.hosts.slurm.executor import Slurm
from sweeptree.hosts.slurm.planning import OnSlurm
from sweeptree.model import SweepSpec
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.preflight import OnThisMachine

PLAIN = SweepSpec(exp_name="exp", commands=("true",))
CLUSTER = PLAIN.model_copy(update={"executor": "slurm"})


def test_this_machine_unless_another_is_named() -> None:
    assert executor_of(PLAIN) is LOCAL
    assert isinstance(planner_of(PLAIN), OnThisMachine)


def test_a_cluster() -> None:
    assert isinstance(executor_of(CLUSTER), Slurm)
    assert isinstance(planner_of(CLUSTER), OnSlurm)


@pytest.mark.parametrize("ask", [executor_of, planner_of])
def test_a_bound_of_the_cluster_needs_one(ask) -> None:
    with pytest.raises(UsageError, match="are for jobs on a cluster"):
        ask(PLAIN.model_copy(update={"array_parallelism": 3}))
