"""What jobs are given beside the commit and a host does not have: asked before anything starts.

Hides that only hosts with linked folders are asked, all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sweeptree.errors import HostError, Refused
from sweeptree.hosts.code.sending import wanted_beside
from sweeptree.hosts.code.stand import Wanted, check_data, link_targets
from sweeptree.hosts.remote import Site
from sweeptree.hosts.ssh import Master, Target
from sweeptree.hosts.values import Host
from sweeptree.sweep.preflight import PreparedSweep

_AT_ONCE = 16


def lacking(prepared: PreparedSweep, hosts: Sequence[Host], config: Path | None) -> list[Refused]:
    """For each host without its data, or with another dataset, why and what to do; `config` is
    what ssh reads.

    A host with a set-up command is not asked: the command may make what is lacking.
    """
    asked = [host for host in hosts if host.setup is None]
    if not asked:
        return []
    repo, base, links = prepared.repo, prepared.base, prepared.spec.links
    wanted = wanted_beside(repo, base, links, prepared.jobs)
    with ThreadPoolExecutor(min(_AT_ONCE, len(asked))) as pool:
        answers = pool.map(lambda host: _lacks(wanted, host, config), asked)
        return [refusal for refusal in answers if refusal is not None]


def _lacks(wanted: Wanted, host: Host, config: Path | None) -> Refused | None:
    try:
        targets = link_targets(wanted, host, None)
        if targets:
            with Master(Target.of(host, config)) as master:
                check_data(wanted, targets, Site(host, master))
    except Refused as refusal:
        return refusal
    except HostError as error:
        return Refused(error.message, hint=error.hint)
    return None
