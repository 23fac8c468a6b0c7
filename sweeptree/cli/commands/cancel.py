"""`sweeptree cancel`: stop a sweep through the process that drives it, or through its keepers."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sweeptree.cli.find import find_sweep
from sweeptree.cli.screens.terminal import counted, say, write_out
from sweeptree.model import Attempt, JobState, Resume
from sweeptree.records import SweepPaths, SweepStore, holder
from sweeptree.records.read import runs_elsewhere, runs_on_cluster
from sweeptree.settings import Settings
from sweeptree.sweep.view import JobView, SweepView, resume_line, view_sweep
from sweeptree.system.files import write_bytes
from sweeptree.system.processes import is_stopped, start_ticks
from sweeptree.system.signalling import send

if TYPE_CHECKING:
    from sweeptree.supervise import Keeper

_DEFAULT_GRACE = 10.0
_EXTRA_SECONDS = 15.0
_POLL_SECONDS = 0.05
_UNHEARD = (JobState.RUNNING, JobState.LOST)  # of a job that was to be ended on its host
_OUTCOME_FIELDS = (
    "state",
    "exit_code",
    "reason",
    "start_time",
    "end_time",
    "duration_seconds",
    "gpus",
    "gpu_seconds",
    "peak_rss_mb",
)


def cancel(
    exp: str,
    /,
    *,
    kill: Annotated[bool, Parameter(negative="")] = False,
    results_dir: Path | None = None,
) -> int:
    """Stop a sweep: no job starts any more, and those that run are asked to stop, then killed.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder.
    kill
        Kill the jobs at once, without the grace in which they may save their state.
    results_dir
        Where results are; default: results/ at the top of the repository.
    """
    paths = find_sweep(exp, results_dir)
    view = view_sweep(paths)
    living = [job for job in view.jobs if job.alive]
    queued = _queued(view)
    if _is_out_of_reach(view):
        return _end_far(paths, _running(view), kill=kill)
    if view.driver is None and not living and not queued:
        write_out(f"nothing of {view.name} is running\n")
        return 0
    grace = 0.0 if kill else _grace(view)
    if view.driver is not None:
        ended = _through_driver(view, grace, kill=kill)
    else:
        order = Order(kill, queued)
        ended = _through_keepers(paths, living, grace, order)
    return _report(paths, len(living)) if ended else 1


@dataclass(frozen=True, slots=True)
class Order:
    """What keepers are told: to end or to kill; `queued`: through these arrays of a cluster."""

    kill: bool
    queued: Sequence[str] = ()


def _queued(view: SweepView) -> Sequence[str]:
    """The arrays of a sweep on a cluster that nobody drives, as far as they are not over."""
    if view.driver is not None or not runs_on_cluster(view.document):
        return ()
    from sweeptree.hosts.slurm import cancelling

    return cancelling.queued(view.paths)


def _is_out_of_reach(view: SweepView) -> bool:
    """Whether jobs may go on on hosts while nobody drives the sweep: its lanes alone reach them,
    and begin what they hold, which no record here tells."""
    document = view.document
    if view.driver is not None or runs_on_cluster(document) or not runs_elsewhere(document):
        return False
    return document.get("ended_at") is None or bool(_running(view))


def _running(view: SweepView) -> Sequence[JobView]:
    return [job for job in view.jobs if job.state == JobState.RUNNING]


def _end_far(paths: SweepPaths, jobs: Sequence[JobView], *, kill: bool) -> int:
    """Drive the sweep again, to end what runs and to begin nothing."""
    from sweeptree.cli.commands.run import run_to_end
    from sweeptree.engine.connect import leave_in_time
    from sweeptree.hosts.choice import planner_for
    from sweeptree.sweep.preflight import must_start, prepare
    from sweeptree.sweep.recovery import spec_of

    name = paths.root.name
    say(f"nobody drives {name}; driving it again to end what runs on its hosts")
    settings, spec = Settings(), spec_of(paths)
    planner = planner_for(spec, settings)
    prepared = must_start(prepare(spec, settings, resume=True, planner=planner))
    run_to_end(prepared, settings, resume=Resume(ends="kill" if kill else "term"))
    view = view_sweep(paths)
    indices = {job.index for job in jobs}
    unheard = [job for job in view.jobs if job.index in indices and job.state in _UNHEARD]
    if unheard:
        say(f"{_on_hosts(unheard)}: no end was heard of. It ends when its host is heard again")
        say(f"  sweeptree cancel {name}    sweeptree hosts check all")
        return leave_in_time(1)
    return leave_in_time(_report(paths, len(jobs)))


def _on_hosts(jobs: Sequence[JobView]) -> str:
    hosts = " and ".join(sorted({job.host for job in jobs}))
    return f"{counted(len(jobs), 'job')} on {hosts}"


def _grace(view: SweepView) -> float:
    spec = view.document.get("spec")
    value = spec.get("grace") if isinstance(spec, dict) else None
    return float(value) if isinstance(value, int | float) else _DEFAULT_GRACE


def _through_driver(view: SweepView, grace: float, *, kill: bool) -> bool:
    """Ask the driver to stop and wait, bounded, until it has let the sweep go."""
    patience = grace + _EXTRA_SECONDS
    who = (view.driver or {}).get("pid", "?")
    say(f"asking the driver of {view.name} (pid {who}) to stop; waiting up to {patience:.0f} s")
    write_bytes(view.paths.cancel, b"kill" if kill else b"term")
    _wake_driver(view)
    if _has_let_go(view.paths, patience):
        return True
    say(f"the driver (pid {who}) has not ended after {patience:.0f} s; it goes on stopping")
    if not kill:
        say(f"  sweeptree cancel {view.name} --kill")
    return False


def _wake_driver(view: SweepView) -> None:
    """A driver that was stopped (kill -STOP) reads no request: it goes on, to stop in order."""
    driver = view.driver or {}
    pid, host = driver.get("pid"), driver.get("host")
    if not isinstance(pid, int) or host != socket.gethostname():
        return
    ticks = start_ticks(pid)
    if ticks is not None and is_stopped(pid, ticks):
        say(f"the driver (pid {pid}) was stopped; it goes on to end the sweep")
        send(pid, ticks, signal.SIGCONT)


def _has_let_go(paths: SweepPaths, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while holder(paths) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _through_keepers(paths: SweepPaths, living: list[JobView], grace: float, order: Order) -> bool:
    """Nobody drives the sweep: take it, stop each living keeper and record its outcome."""
    say(f"nobody drives {paths.root.name}; stopping {counted(len(living), 'running job')}")
    with SweepStore.open(paths) as store:
        keepers = [(job, _keeper_of(paths, job)) for job in living]
        _give(order, [keeper for _, keeper in keepers])
        deadline = time.monotonic() + grace + _EXTRA_SECONDS
        left = [job for job, keeper in keepers if not _settle(store, job, keeper, deadline)]
    for job in left:
        say(f"job {job.index} has not ended yet:  sweeptree cancel {paths.root.name} --kill")
    return not left


def _give(order: Order, keepers: Sequence[Keeper]) -> None:
    """Tell the keepers, wherever they are."""
    if order.queued:
        from sweeptree.hosts.slurm import cancelling

        say(f"taking the sweep out of the cluster's queue: scancel {' '.join(order.queued)}")
        cancelling.end(order.queued, kill=order.kill)
        return
    for keeper in keepers:
        if order.kill:
            keeper.kill()
        else:
            keeper.stop()


def _keeper_of(paths: SweepPaths, job: JobView) -> Keeper:
    from sweeptree.supervise import adopt

    alive = paths.attempt(job.index, job.attempt, "alive")
    outcome = paths.attempt(job.index, job.attempt, "outcome")
    return adopt(alive, outcome)


def _settle(store: SweepStore, job: JobView, keeper: Keeper, deadline: float) -> bool:
    """Wait for a keeper and record its outcome; False when the deadline passes before."""
    outcome = keeper.wait(max(0.0, deadline - time.monotonic()))
    if outcome is None:
        return _sweep_up(store.paths, job, keeper)
    fields = {name: getattr(outcome, name) for name in _OUTCOME_FIELDS}
    known = {name: value for name, value in fields.items() if name in Attempt.model_fields}
    before = store.record(job.index).attempts
    others = [attempt for attempt in before if attempt.number != job.attempt]
    attempts = (*others, Attempt(number=job.attempt, **known))
    store.update(job.index, **fields, attempts=attempts)
    return True


def _sweep_up(paths: SweepPaths, job: JobView, keeper: Keeper) -> bool:
    """End what a killed keeper's job has left running; False while the keeper lives."""
    from sweeptree.supervise import sweep_orphans

    if keeper.is_alive():
        return False
    sweep_orphans(paths.launch_name(job.index, job.attempt), lambda _: False)
    return True


def _report(paths: SweepPaths, living: int) -> int:
    view = view_sweep(paths)
    done = view.counts[JobState.SUCCEEDED]
    left = sum(not job.final for job in view.jobs)
    write_out(
        f"{view.name} is stopped: {counted(living, 'running job')} ended, "
        f"{counted(done, 'job')} ok, {left} not started\n"
    )
    if view.resumable:
        write_out(f"  it can go on:  {resume_line(view)}\n")
    return 0
