"""Who runs the commands of a sweep: this machine, a Slurm cluster, or hosts that its spec names.

Hides which server the lanes of hosts report to: the managed one, which serves their leases itself;
or a small process of ours, beside a shared server, and where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.executor import Executor
from sweeptree.sweep.local import LOCAL

if TYPE_CHECKING:
    from sweeptree.hosts.lanes.fleet import Headquarters

Tell = Callable[[str], None]


def executor_for(spec: SweepSpec, settings: Settings, tell: Tell, *, shown: bool) -> Executor:
    """The executor that a spec asks for; `shown`: in the flow run that we are in.

    Raises UsageError for a host that was not added, ServerError where lanes could not report.
    """
    if spec.executor == "slurm":
        from sweeptree.hosts.slurm.executor import Slurm

        return Slurm()
    if not spec.hosts:
        return LOCAL
    from sweeptree.hosts.lanes.executor import Lanes
    from sweeptree.hosts.lanes.fleet import Fleet
    from sweeptree.hosts.lanes.planning import OnHosts
    from sweeptree.hosts.lanes.stations import stations_of

    stations = stations_of(spec, settings)
    base = _shown_at(settings) if shown else _beside(settings)
    return Lanes(OnHosts(stations, settings.ssh_config), Fleet(stations, base, tell).ground)


def _shown_at(settings: Settings) -> Headquarters:
    """The server that we are connected to, as lanes reach it."""
    from prefect.settings import PREFECT_API_URL

    from sweeptree.engine import server
    from sweeptree.engine.lanes import PrefectLanes, access_to_own, access_to_shared
    from sweeptree.hosts.lanes.fleet import Headquarters
    from sweeptree.hosts.leases.server_process import ensure_serving
    from sweeptree.hosts.leases.transport import Endpoint

    managed = server.status(settings.home)
    if managed is not None and managed.api_url == PREFECT_API_URL.value():
        port = managed.port
        access = access_to_own(managed)
        endpoint = Endpoint(lambda: port, access.authorization)
    else:
        endpoint = ensure_serving(settings.home)
        access = access_to_shared(endpoint.authorization)
    return Headquarters(endpoint.where(), endpoint, access, PrefectLanes(), settings.ssh_config)


def _beside(settings: Settings) -> Headquarters:
    """A process that serves leases alone: nobody shows the lanes."""
    from sweeptree.hosts.lanes.fleet import Headquarters
    from sweeptree.hosts.lanes.runs import Unshown
    from sweeptree.hosts.lanes.start_facts import Access
    from sweeptree.hosts.leases.server_process import ensure_serving

    endpoint = ensure_serving(settings.home)
    access = Access(authorization=endpoint.authorization)
    return Headquarters(endpoint.where(), endpoint, access, Unshown(), settings.ssh_config)
