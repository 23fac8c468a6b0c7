"""What a plan says of hosts: how many jobs each takes at once, and what is missing where.

Hides: that this machine's own GPUs and cores play no part when a sweep runs on hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.gpus import Detection
from sweeptree.hosts.clock import Clock
from sweeptree.hosts.lanes.lacking import lacking
from sweeptree.hosts.values import ALL, Host
from sweeptree.model import Device, SweepSpec
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.shares import Shares
from sweeptree.sweep.turns import Turns

_NO_DEVICES = Detection(devices=(), driver=None, why=None, skipped=())
_AHEAD = 1  # jobs that are made ready beyond the slots, for each of them
_COMING = 1  # jobs whose results are being brought here, for each slot


@dataclass(frozen=True, slots=True)
class Station:
    """A host as it was found: `slots` jobs at once, `facts` for people, why it is of no use (None:
    it is), its GPUs, and the seconds that its clock is ahead of this machine's."""

    host: Host
    slots: int
    facts: str = ""
    trouble: SweeptreeError | None = None
    devices: tuple[Device, ...] = ()
    clock_ahead: float = 0.0

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return Clock(self.host.name, self.clock_ahead)


class OnHosts:
    """The plan of a sweep whose commands run on hosts; see `preflight.Planner`. `config` is what
    ssh reads."""

    is_here = False

    def __init__(self, stations: Sequence[Station], config: Path | None = None) -> None:
        self.stations = tuple(stations)
        self.config = config

    def shares(self, spec: SweepSpec, jobs: int) -> Shares:
        """By the slots of all hosts. `parallel` bounds them all together."""
        wanted = min(spec.parallel or self._slots, self._slots, max(1, jobs))
        places = tuple(_line(station) for station in self.stations)
        return Shares(_NO_DEVICES, 0, max(1, wanted), places)

    def planned(self, prepared: PreparedSweep) -> PreparedSweep:
        """With what is missing on the hosts, and what their GPUs are called there."""
        spec = prepared.spec
        refusals = [*_of_spec(spec), *_of_stations(spec, self.stations)]
        return replace(
            prepared,
            refusals=(*prepared.refusals, *(refusals or self._lacking(prepared))),
            far_devices={each.host.name: each.devices for each in self.stations},
        )

    def _lacking(self, prepared: PreparedSweep) -> list[Refused]:
        """What jobs are given beside the commit, and hosts do not have."""
        if prepared.refusals:
            return []
        hosts = [station.host for station in self.stations]
        return lacking(prepared, hosts, self.config)

    def lives(self, prepared: PreparedSweep) -> int:
        """One thread for each job that a slot has or may soon have, or whose results are coming.

        Where fewer are to run than there are slots, a lane must not find a further one to begin.
        """
        if prepared.parallel < self._slots:
            return prepared.parallel
        most = prepared.parallel * (1 + _AHEAD + _COMING)
        return min(len(prepared.jobs), most) or 1

    def turns(self, prepared: PreparedSweep) -> Turns | None:  # noqa: ARG002 - see Planner
        """The slots of the hosts admit the jobs."""
        return None

    @property
    def _slots(self) -> int:
        return sum(station.slots for station in self.stations)


def _of_spec(spec: SweepSpec) -> list[SweeptreeError]:
    if spec.use_worktree:
        return []
    return [
        UsageError(
            "--hosts needs --use_worktree: a host has no checkout to run in",
            hint="add --use_worktree",
        )
    ]


def _of_stations(spec: SweepSpec, stations: Sequence[Station]) -> list[Refused]:
    troubles = [
        Refused(station.trouble.message, hint=station.trouble.hint)
        for station in stations
        if station.trouble is not None
    ]
    troubles += _of_names(spec, [station.host for station in stations])
    if troubles or any(station.slots for station in stations):
        return troubles
    wanted = f"no host has a slot for jobs that ask for {_ask(spec)}"
    return [Refused(wanted, hint="sweeptree hosts list")]


def _of_names(spec: SweepSpec, hosts: Sequence[Host]) -> list[Refused]:
    """A machine that was chosen under several names would have each of its slots several times."""
    groups = _machines(hosts)
    once = ",".join(group[0].name for group in groups)
    refusals = []
    for first, *others in groups:
        if others:
            names = " and ".join(host.name for host in (first, *others))
            forget = [f"sweeptree hosts remove {other.name}" for other in others]
            refusals.append(
                Refused(
                    f"{names} are the same machine ({first.address}): a sweep needs it once",
                    hint=forget if ALL in spec.hosts else f"--hosts {once}",
                )
            )
    return refusals


def _machines(hosts: Sequence[Host]) -> list[list[Host]]:
    """The hosts by machine, both in their order."""
    groups: list[list[Host]] = []
    for host in hosts:
        group = next((each for each in groups if each[0].is_same_machine(host)), None)
        if group is None:
            groups.append([host])
        else:
            group.append(host)
    return groups


def _ask(spec: SweepSpec) -> str:
    gpus = 1 if spec.gpus is None else spec.gpus
    counted = f"{gpus} GPU{'s' * (gpus != 1)}"
    return f"{counted} with {spec.gpu_mem / 1024:.1f} GB" if spec.gpu_mem else counted


def _line(station: Station) -> str:
    if station.trouble is not None:
        return f"{station.host.name}: not usable now"
    slots = f"{station.slots} slot{'s' * (station.slots != 1)}"
    return f"{station.host.name}: {slots}{', ' * bool(station.facts)}{station.facts}"
