"""A lane's run on its host, from its order to its report.

    open → join → lease, run and tell, until there is no more → leave → end

Hides: that a lane outlives its driver and goes on while the server is away; what makes it end; and
that whatever it could not tell stays on the host's disk for the lane that is started next.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sweeptree.errors import RecordError, Refused, SweeptreeError, UsageError
from sweeptree.hosts.lanes import report
from sweeptree.hosts.lanes.attempt import KeepContent
from sweeptree.hosts.lanes.ground import OnItsHost
from sweeptree.hosts.lanes.growing import grow
from sweeptree.hosts.lanes.holdings import Holdings
from sweeptree.hosts.lanes.leasing import Leases
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.outbox import Outbox
from sweeptree.hosts.lanes.report import LaneReport
from sweeptree.hosts.lanes.returning import content_keeper
from sweeptree.hosts.lanes.running import Jobs
from sweeptree.hosts.lanes.talking import REST, Feeder, Heart, Talk, Teller
from sweeptree.hosts.values import Lane
from sweeptree.model import ExitCode
from sweeptree.records import read_sweep
from sweeptree.settings import Settings
from sweeptree.sweep import adoption, documents, drive, orders
from sweeptree.sweep.resume import earlier_records
from sweeptree.sweep.room_gate import RoomGate
from sweeptree.sweep.run import Engine, await_end
from sweeptree.sweep.running import Sweep
from sweeptree.system.processes import boot_id

JOINED_FILE = "joined"  # in the lane's folder once it has reached the server
LOOK = 0.2  # seconds between two looks at whether the lane is to end
# seconds without an answer after which a lane ends that runs nothing: what it could not tell stands
# in its outbox, and whoever goes on with the sweep starts another lane, which tells it
AWAY = 900.0
UNUSED = 3600.0  # seconds after which a lane ends that is heard, while there is no job left
IMPATIENCE = 15.0  # seconds without an answer, after which a stopped lane ends
LEAVE = 2.0  # seconds for calls that are under way when the lane ends


@dataclass(frozen=True, slots=True)
class _Lane:
    """The parts of a lane that is open."""

    order: LaneOrder
    sweep: Sweep
    leases: Leases
    engine: Engine
    holdings: Holdings
    outbox: Outbox
    jobs: Jobs
    talk: Talk
    heart: Heart
    feeder: Feeder


def run_lane(order: LaneOrder, leases: Leases, engine: Engine) -> LaneReport:
    """Run one host's share of a sweep. A refusal is a report like others; nothing has begun then.

    `leases` are those of the sweep.
    """
    with contextlib.ExitStack() as stack:
        try:
            sweep = stack.enter_context(_opened(order, engine))
        except (UsageError, Refused) as refusal:
            return report.refused(refusal)
        return _run(_made(order, sweep, leases, engine))


@contextlib.contextmanager
def _opened(order: LaneOrder, engine: Engine) -> Iterator[Sweep]:
    goes_on = order.paths.sweep.exists()
    if goes_on:
        grow(order)
    planner = OnItsHost(order)
    opening = Sweep.open(order.spec, Settings(), resume=goes_on, tell=engine.tell, planner=planner)
    with opening as sweep:
        sweep.store.bear_lack()  # the driver is told of what could not be written
        room = RoomGate(sweep.prepared.room, engine.tell, waits=False)
        yield replace(sweep, handed_on=order.wants_content, room=room)


def _made(order: LaneOrder, sweep: Sweep, leases: Leases, engine: Engine) -> _Lane:
    holdings = Holdings(sweep.prepared.parallel)
    outbox = Outbox(order.folder / "outbox")
    jobs = Jobs(sweep, holdings, outbox, _keeper(order, sweep))
    return _Lane(
        order=order,
        sweep=sweep,
        leases=leases,
        engine=engine,
        holdings=holdings,
        outbox=outbox,
        jobs=jobs,
        talk=Talk(leases, holdings, _lane_values(order, sweep), engine.tell),
        heart=Heart(leases.calls, holdings, jobs),
        feeder=Feeder(leases.calls, holdings, sweep.room.is_open),
    )


def _keeper(order: LaneOrder, sweep: Sweep) -> KeepContent | None:
    return content_keeper(order.sweep, sweep.prepared.repo) if order.wants_content else None


def _lane_values(order: LaneOrder, sweep: Sweep) -> Lane:
    prepared = sweep.prepared
    devices = prepared.detection.devices if prepared.gpus else ()
    return Lane(
        id=order.host,
        host=order.host,
        boot=boot_id(),
        slots=prepared.parallel,
        gpu_memory=tuple(device.memory_total for device in devices),
    )


def _run(lane: _Lane) -> LaneReport:
    sweep, engine = lane.sweep, lane.engine
    with contextlib.suppress(RecordError):  # the lane is new
        engine.note_earlier(sweep, read_sweep(sweep.paths))
    facts = documents.write_begin(sweep.prepared, engine.run_id)
    with orders.obeyed(sweep), engine.shown(sweep, lane.jobs.progress):
        _work(lane)
    unsent = len(lane.outbox.leases())
    code = ExitCode.STEP_FAILED if unsent else ExitCode.OK
    documents.write_end(sweep, facts, code)
    is_stopped = sweep.stop.cause is not None
    return report.ended(lane.jobs.states(), unsent=unsent, is_stopped=is_stopped)


def _work(lane: _Lane) -> None:
    """Lease and run jobs until there are no more; then tell what is left to tell."""
    lane.holdings.hold_untold(lane.outbox.leases())
    lane.talk.begin()
    (lane.order.folder / JOINED_FILE).touch(mode=0o600)
    _give_back_finished(lane)
    _start_talking(lane)
    try:
        _run_jobs(lane)
    finally:
        _tell_the_rest(lane)
        lane.leases.give_up.set()
        lane.talk.end(LEAVE)
        lane.leases.hang_up()


def _run_jobs(lane: _Lane) -> None:
    """Until there are no more; raises what asked this process to end."""
    done = _start_jobs(lane)
    with _ends_watched(lane):
        await_end(done, lane.sweep)


def _give_back_finished(lane: _Lane) -> None:
    """Worktrees of jobs that ended in an earlier life of the lane, but for those that it takes up
    again: their content is not kept yet."""
    done = lane.outbox.leases()
    held = {leased.job for leased in lane.holdings.named() if leased not in done}
    records = earlier_records(lane.sweep.prepared)
    finished = [record for index, record in records.items() if index not in held]
    adoption.give_back_finished(lane.sweep, finished)


def _start_talking(lane: _Lane) -> None:
    sweep, talk = lane.sweep, lane.talk
    teller = Teller(lane.leases.calls, lane.holdings, lane.outbox, sweep.store, lane.engine.tell)
    talk.keep_on("lane-feeder", lane.feeder.step)
    talk.keep_on("lane-heart", lane.heart.step, pause=REST)
    talk.keep_on("lane-teller", teller.step)


def _start_jobs(lane: _Lane) -> threading.Event:
    sweep = lane.sweep
    stages = lane.engine.stages(sweep)
    return drive.drive_from(
        lane.holdings,
        lambda leased: lane.jobs.run(leased, stages),
        parallel=sweep.prepared.parallel + sweep.prepared.lookahead,
        stopping=sweep.stop.stopping,
        turns=sweep.turns,
    )


@contextlib.contextmanager
def _ends_watched(lane: _Lane) -> Iterator[None]:
    """A thread closes the source of jobs when the lane is to stop, or has nothing to do."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            if lane.sweep.stop.stopping.is_set():
                lane.holdings.give_back_waiting()
            if lane.sweep.stop.stopping.is_set() or _is_idle(lane):
                lane.holdings.close()

    thread = threading.Thread(target=watch, name="lane-ends", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _is_idle(lane: _Lane) -> bool:
    """Whether nothing has run here for long, and nothing is known that ever will."""
    if lane.holdings.running():
        return False
    if _is_cut_off(lane, AWAY):
        return True
    return _idle_seconds(lane) > UNUSED and lane.feeder.left == 0


def _is_cut_off(lane: _Lane, seconds: float) -> bool:
    """Whether nobody was heard for so long, nor has anything run."""
    return _idle_seconds(lane) > seconds and lane.heart.is_away(seconds)


def _idle_seconds(lane: _Lane) -> float:
    return time.monotonic() - lane.holdings.busy


def _tell_the_rest(lane: _Lane) -> None:
    """Tell what came of the jobs, however long the server is away, and leave.

    A lane that was stopped on its host, or that the leases do not know, cannot wait so long.
    """
    stopped = lane.sweep.stop.cause is not None
    while not lane.holdings.await_rest(LOOK):
        lane.holdings.give_back_rest()  # a lease that was still on its way: nothing runs now
        patience = IMPATIENCE if stopped else AWAY
        if _is_cut_off(lane, patience) or not lane.talk.is_known:
            return
    threading.Timer(LEAVE, lane.leases.give_up.set).start()
    with contextlib.suppress(SweeptreeError):  # it is not heard any more, and so is gone soon
        lane.talk.leave()
