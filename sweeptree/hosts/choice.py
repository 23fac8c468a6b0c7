"""Who plans a sweep, by what its spec says of where it runs. Loads only what is asked for."""

from __future__ import annotations

from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import OnThisMachine, Planner


def planner_for(spec: SweepSpec, settings: Settings) -> Planner:
    """The planner of a sweep: of this machine, or of the hosts that it names.

    Hosts are looked at, by one command each. Raises UsageError for one that was not added.
    """
    if not spec.hosts:
        return OnThisMachine()
    from sweeptree.hosts.lanes.planning import OnHosts
    from sweeptree.hosts.lanes.stations import stations_of

    return OnHosts(stations_of(spec, settings))
