"""Who plans a sweep, by what its spec says of where it runs. Loads only what is asked for."""

from __future__ import annotations

from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import OnThisMachine, Planner


def planner_for(spec: SweepSpec, settings: Settings) -> Planner:
    """The planner of a sweep: of this machine, of the hosts that it names, or of a cluster.

    Hosts are looked at, by one command each. Raises UsageError for one that was not added, and for
    options that contradict each other.
    """
    _check(spec)
    if spec.executor == "slurm":
        from sweeptree.hosts.slurm.planning import OnSlurm

        return OnSlurm()
    if not spec.hosts:
        return OnThisMachine()
    from sweeptree.hosts.lanes.planning import OnHosts
    from sweeptree.hosts.lanes.stations import stations_of

    return OnHosts(stations_of(spec, settings), settings.ssh_config)


def _check(spec: SweepSpec) -> None:
    if spec.executor == "slurm" and spec.hosts:
        raise UsageError(
            "--hosts and --executor slurm are two places to run at", hint="leave one of them out"
        )
    if spec.executor != "slurm" and (spec.slurm or spec.array_parallelism):
        raise UsageError(
            "--slurm and --array_parallelism are for jobs on a cluster",
            hint="add --executor slurm",
        )
