"""The hosts of one sweep: code sent, tunnels open, lanes running; and all of it ended again.

Hides the order of it, that hosts are made ready side by side, and that one which is not reachable
now is tried again while the others work.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.back.live import Follower
from sweeptree.hosts.code.sending import Sent, send, wanted_beside
from sweeptree.hosts.code.stand import Wanted
from sweeptree.hosts.lanes.carrying import HostCarrier
from sweeptree.hosts.lanes.clearing import clear_lane, drop_refs_here
from sweeptree.hosts.lanes.following import Ground
from sweeptree.hosts.lanes.identity import sweep_id
from sweeptree.hosts.lanes.mailbox import Mailbox
from sweeptree.hosts.lanes.order import Beside, LaneOrder, lane_folder, spec_for_lane
from sweeptree.hosts.lanes.planning import Station
from sweeptree.hosts.lanes.runs import LaneRuns
from sweeptree.hosts.lanes.start_facts import Access, LaneStart
from sweeptree.hosts.lanes.watching import LaneWatch
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.remote import Site
from sweeptree.hosts.ssh import Master, Target, Tunnel
from sweeptree.hosts.values import Event, Order
from sweeptree.model import Job
from sweeptree.records import add_notice
from sweeptree.sweep.running import Sweep

Tell = Callable[[str], None]
END_SECONDS = 60.0  # beside the grace that lanes have to end what runs: thrice a lease's term
CLOSE_SECONDS = 10.0  # that the server has to answer when a sweep has ended
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Headquarters:
    """Where the lanes of a sweep report to: the port of this machine that serves the leases, how
    hosts reach it, the runs that show them, and what ssh reads."""

    port: int
    endpoint: Endpoint
    access: Access
    runs: LaneRuns
    ssh_config: Path | None = None


class Fleet:
    """Makes the hosts of a sweep ready; see `executor.MakeGround`."""

    def __init__(self, stations: Sequence[Station], base: Headquarters, tell: Tell) -> None:
        self._stations = stations
        self._base = base
        self._tell = tell

    @contextlib.contextmanager
    def ground(self, sweep: Sweep, due: Sequence[Job]) -> Iterator[Ground]:  # noqa: ARG002
        """The lanes at work. Raises Refused when not one of them can be had."""
        name = sweep_id(sweep.paths, sweep.prepared.spec_hash)
        with contextlib.ExitStack() as stack:
            give_up = threading.Event()
            transport = stack.enter_context(Transport(self._base.endpoint, give_up))
            leases = DriverClient(transport, name)
            leases.open(len(self._stations))
            is_ending = sweep.stop.stopping.is_set()
            if is_ending:  # before a lane that lives can begin anything
                leases.order(Order.STOP)
            crews = self._crews(sweep, name, stack)
            watches = {crew.site.host.name: crew.watch for crew in crews}
            stack.callback(_clear, crews, sweep, name)
            mailbox = stack.enter_context(Mailbox(leases, _telling(watches)).open())
            for watch in watches.values():
                stack.enter_context(watch.watching())
            stack.callback(close_in_time, leases, give_up)
            for watch in watches.values():
                stack.callback(watch.let_end)
            if is_ending:
                _await_end(sweep, leases, list(watches.values()))
            else:
                _await_first(sweep, list(watches.values()))
            carriers = {crew.site.host.name: crew.carrier for crew in crews}
            clocks = {each.host.name: each.clock for each in self._stations}
            yield Ground(leases, mailbox, carriers, clocks=clocks)

    def _told(self, sweep: Sweep, text: str) -> None:
        """For whoever watches, here or in the engine's log."""
        add_notice(sweep.paths, text)
        self._tell(text)

    def _crews(self, sweep: Sweep, name: str, stack: contextlib.ExitStack) -> list[_Crew]:
        """Every host made ready, side by side. Raises Refused with all that is missing."""
        prepared = sweep.prepared
        beside = wanted_beside(prepared.repo, prepared.base, sweep.spec.links, prepared.jobs)
        with ThreadPoolExecutor(max_workers=max(1, len(self._stations))) as pool:
            all_wanted = [
                _Wanted(sweep, name, station, self._base, beside, partial(self._told, sweep))
                for station in self._stations
            ]
            makers = [pool.submit(copy_context().run, _made_ready, wanted) for wanted in all_wanted]
        crews, troubles = [], []
        for maker in makers:
            error = maker.exception()
            if isinstance(error, SweeptreeError):
                troubles.append(error)
            else:
                crews.append(maker.result())
        for crew in crews:
            stack.enter_context(crew.opened)
        _refuse(troubles)
        return crews


@dataclass(frozen=True, slots=True)
class _Crew:
    """What works for one host; `opened` ends it."""

    site: Site
    carrier: HostCarrier
    watch: LaneWatch
    opened: contextlib.ExitStack


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What makes a host ready for a sweep of this id."""

    sweep: Sweep
    name: str
    station: Station
    base: Headquarters
    beside: Wanted
    tell: Tell


def _made_ready(wanted: _Wanted) -> _Crew:
    """One host: connected, with the code, and a tunnel to the server. Raises SweeptreeError."""
    opened = contextlib.ExitStack()
    try:
        return _crew(wanted, opened)
    except BaseException:
        opened.close()
        raise


def _crew(wanted: _Wanted, opened: contextlib.ExitStack) -> _Crew:
    host, base = wanted.station.host, wanted.base
    target = Target.of(host, base.ssh_config)
    master = opened.enter_context(Master(target))
    master.open()
    site = Site(host, master)
    prepared = wanted.sweep.prepared
    sent = send(prepared.repo, prepared.base.commit, site, wanted.beside)
    for note in sent.notes:
        wanted.tell(f"{host.name}: {note}")
    port_file = site.place(f"tunnel-{wanted.name}")
    tunnel = Tunnel(target, base.port, file=port_file, python=host.python)
    opened.enter_context(tunnel).wait()
    follower = opened.enter_context(Follower(site))
    carrier = HostCarrier(site, wanted.name, sent.cache, follower)
    start = _start(wanted, sent, port_file)
    watch = LaneWatch(site, start, base.runs, wanted.tell, wanted.sweep.stop.stopping)
    return _Crew(site, carrier, watch, opened)


def _clear(crews: Sequence[_Crew], sweep: Sweep, name: str) -> None:
    """Nothing of the sweep stays on hosts that can be asked and whose results are here."""
    with contextlib.suppress(SweeptreeError, OSError):
        drop_refs_here(name, sweep)
    for crew in crews:
        if crew.watch.is_within_reach:
            with contextlib.suppress(SweeptreeError, OSError):  # it stays there
                clear_lane(crew.site, name, sweep)


def _start(wanted: _Wanted, sent: Sent, port_file: str) -> LaneStart:
    """What the lane is started with; its flow run is made when it is."""
    sweep, host = wanted.sweep, wanted.station.host
    home = Path(host.home)
    spec = spec_for_lane(
        sweep.spec,
        cache=Path(sent.cache),
        commit=sweep.prepared.base.commit,
        folder=lane_folder(home, wanted.name),
    )
    wants_content = sweep.spec.delivers or sweep.spec.auto_fix_before_pr
    order = LaneOrder(
        sweep=wanted.name,
        host=host.name,
        spec=spec,
        beside=Beside(
            source=sent.extras.source,
            links=sent.extras.links,
            copies=sent.extras.copies,
            environ=dict(sent.environ),
        ),
        subfolder=sweep.prepared.repo.subfolder.as_posix(),
        wants_content=wants_content,
    )
    access = wanted.base.access
    return LaneStart(order=order, access=access, home=home, port_file=Path(port_file))


def close_in_time(leases: DriverClient, give_up: threading.Event) -> None:
    """Let the lanes leave. A server that is away is not waited for: idle ones end by themselves."""
    timer = threading.Timer(CLOSE_SECONDS, give_up.set)
    timer.start()
    with contextlib.suppress(SweeptreeError):
        leases.close()
    timer.cancel()


def _telling(watches: dict[str, LaneWatch]) -> Callable[[Event], None]:
    def told(event: Event) -> None:
        watch = watches.get(event.host or "")
        if watch is not None:
            watch.happened(event.kind)

    return told


def _await_first(sweep: Sweep, watches: Sequence[LaneWatch]) -> None:
    """Wait for the first lane that works. Raises Refused when all have been tried in vain."""
    stopping = sweep.stop.stopping
    while not stopping.wait(_LOOK) and not any(watch.up.is_set() for watch in watches):
        if all(watch.tried.is_set() for watch in watches):
            _refuse([watch.trouble for watch in watches if watch.trouble is not None])


def _await_end(sweep: Sweep, leases: DriverClient, watches: Sequence[LaneWatch]) -> None:
    """Wait until all lanes have ended what ran and left; not for ever for one that is not heard."""
    deadline = time.monotonic() + sweep.spec.grace + END_SECONDS
    is_killing = False
    while time.monotonic() < deadline and not all(watch.has_left for watch in watches):
        if sweep.stop.kills and not is_killing:
            leases.order(Order.KILL)
            is_killing = True
        time.sleep(_LOOK)


def _refuse(troubles: Sequence[SweeptreeError]) -> None:
    """Raise Refused with every trouble and its next command, where there is any."""
    if not troubles:
        return
    hints = dict.fromkeys(hint for trouble in troubles for hint in trouble.hint)
    raise Refused("; ".join(trouble.message for trouble in troubles), hint=tuple(hints))
