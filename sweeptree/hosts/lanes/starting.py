"""Starts a lane on its host, and tells whether it came up."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sweeptree.errors import HostError
from sweeptree.hosts.far.asking import Question, ask
from sweeptree.hosts.lanes.start_facts import LaneStart
from sweeptree.hosts.remote import Site
from sweeptree.system.room import MIB

UP_SECONDS = 90.0  # until a lane has joined; some four are normal
LOOK_SECONDS = 0.5  # between looks
_SHORT = 60.0


@dataclass(frozen=True, slots=True)
class LaneProcess:
    """A lane's process. `was_running`: it was there already, in the flow run `flow_run`;
    `replaced`: the flow run of one whose token opens nothing any more, and which had to go."""

    pid: int
    flow_run: str | None
    was_running: bool
    replaced: str | None = None


@dataclass(frozen=True, slots=True)
class LaneSeen:
    """Whether a lane's process lives and has reached the server; the last lines of its log; the MiB
    that are free on its disk."""

    is_alive: bool
    has_joined: bool
    lines: tuple[str, ...]
    free: int


def start_lane(site: Site, start: LaneStart, *, spawn: bool = True) -> LaneProcess:
    """Start the lane of a sweep on a host, unless it lives already and reaches the server.

    `spawn` False: all is made ready for a worker there to start it. Raises SweeptreeError.
    """
    request = {
        "verb": "start",
        "folder": folder_of(site, start.order.sweep),
        "home": site.host.home,
        "start": start.model_dump_json(),
        "flow_run": start.flow_run,
        "spawn": spawn,
    }
    answer = ask(site, Question("lane", request), timeout=_SHORT)
    return LaneProcess(
        pid=int(answer["pid"]),
        flow_run=answer["flow_run"],
        was_running=bool(answer["running"]),
        replaced=answer["replaced"],
    )


def look_at_lane(site: Site, sweep: str) -> LaneSeen:
    """Look at the lane of a sweep. Raises HostError, SweeptreeError."""
    request = {"verb": "look", "folder": folder_of(site, sweep)}
    answer = ask(site, Question("lane", request), timeout=_SHORT)
    return LaneSeen(
        is_alive=bool(answer["running"]),
        has_joined=bool(answer["joined"]),
        lines=tuple(answer["lines"]),
        free=int(answer["free"]) // MIB,
    )


def await_lane(site: Site, sweep: str, *, seconds: float = UP_SECONDS) -> None:
    """Wait until a lane that was started has reached the server.

    Raises HostError with the last lines of its log when it has ended, or is not there in time.
    """
    end = time.monotonic() + seconds
    while not (seen := look_at_lane(site, sweep)).has_joined:
        if not seen.is_alive:
            raise _not_up(site, sweep, seen, "ended before it could take a job")
        if time.monotonic() > end:
            raise _not_up(site, sweep, seen, f"is not ready after {seconds:.0f} s")
        time.sleep(LOOK_SECONDS)


def folder_of(site: Site, sweep: str) -> str:
    """The lane's folder on its host."""
    return site.place("lanes", sweep)


def _not_up(site: Site, sweep: str, seen: LaneSeen, why: str) -> HostError:
    host = site.host
    log = f"{folder_of(site, sweep)}/lane.log"
    said = "\n  ".join(("", *seen.lines))
    return HostError(
        f"the lane on {host.name} {why}; the end of its log:{said or ' it said nothing'}",
        host=host.name,
        kind="lane",
        hint=(
            f"sweeptree hosts check {host.name}",
            f"its log: {site.remote.typed('cat', log)}",
        ),
    )
