"""Which executor a spec asks for.

Hides what each of them has to load: a plan loads no executor, and a sweep on this machine no
cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec
from sweeptree.sweep.preflight import OnThisMachine, Planner

if TYPE_CHECKING:
    from sweeptree.sweep.executor import Executor


def planner_of(spec: SweepSpec) -> Planner:
    """Who plans such a sweep. Raises UsageError for options that contradict it."""
    if spec.executor == "slurm":
        from sweeptree.hosts.slurm.planning import OnSlurm

        return OnSlurm()
    _refuse_cluster_options(spec)
    return OnThisMachine()


def executor_of(spec: SweepSpec) -> Executor:
    """Who runs its jobs. Raises UsageError for options that contradict it."""
    if spec.executor == "slurm":
        from sweeptree.hosts.slurm.executor import Slurm

        return Slurm()
    from sweeptree.sweep.local import LOCAL

    _refuse_cluster_options(spec)
    return LOCAL


def _refuse_cluster_options(spec: SweepSpec) -> None:
    if spec.slurm or spec.array_parallelism:
        raise UsageError(
            "--slurm and --array_parallelism are for jobs on a cluster",
            hint="add --executor slurm",
        )
