"""`sweeptree cancel`: stop a sweep through the process that drives it, or through its keepers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sweeptree.cli.find import find_sweep
from sweeptree.cli.screens.terminal import say, write_out
from sweeptree.cli.screens.view import JobView, SweepView, resume_line, view_sweep
from sweeptree.model import Attempt, JobState
from sweeptree.records import SweepPaths, SweepStore, holder
from sweeptree.system.files import write_bytes

if TYPE_CHECKING:
    from sweeptree.supervise import Keeper

_DEFAULT_GRACE = 10.0
_EXTRA_SECONDS = 15.0
_POLL_SECONDS = 0.05


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
        Where results stand; default: results/ at the top of the repository.
    """
    paths = find_sweep(exp, results_dir)
    view = view_sweep(paths)
    living = [job for job in view.jobs if job.alive]
    if view.driver is None and not living:
        write_out(f"nothing of {view.name} is running\n")
        return 0
    grace = 0.0 if kill else _grace(view)
    if view.driver is not None:
        ended = _through_driver(view, grace, kill=kill)
    else:
        ended = _through_keepers(paths, living, grace, kill=kill)
    return _report(paths, len(living)) if ended else 1


def _grace(view: SweepView) -> float:
    spec = view.document.get("spec")
    value = spec.get("grace") if isinstance(spec, dict) else None
    return float(value) if isinstance(value, int | float) else _DEFAULT_GRACE


def _through_driver(view: SweepView, grace: float, *, kill: bool) -> bool:
    """Leave word for the driver and wait, bounded, until it has let the sweep go."""
    patience = grace + _EXTRA_SECONDS
    who = (view.driver or {}).get("pid", "?")
    say(f"asking the driver of {view.name} (pid {who}) to stop; waiting up to {patience:.0f} s")
    write_bytes(view.paths.cancel, b"kill" if kill else b"term")
    deadline = time.monotonic() + patience
    while holder(view.paths) is not None:
        if time.monotonic() >= deadline:
            again = "" if kill else f"\n  sweeptree cancel {view.name} --kill"
            say(
                f"the driver (pid {who}) has not ended after {patience:.0f} s; it goes on stopping{again}"
            )
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _through_keepers(paths: SweepPaths, living: list[JobView], grace: float, *, kill: bool) -> bool:
    """Nobody drives the sweep: take it, stop each keeper that lives and write its outcome to the
    record."""
    from sweeptree.supervise import adopt

    say(f"nobody drives {paths.root.name}; stopping {len(living)} jobs that still run")
    with SweepStore.open(paths) as store:
        keepers = []
        for job in living:
            alive, outcome = (
                paths.attempt(job.index, job.attempt, what) for what in ("alive", "outcome")
            )
            keeper = adopt(alive, outcome)
            (keeper.kill if kill else keeper.stop)()
            keepers.append((job, keeper))
        deadline = time.monotonic() + grace + _EXTRA_SECONDS
        left = [job for job, keeper in keepers if not _settle(store, job, keeper, deadline)]
    for job in left:
        say(f"job {job.index} has not ended yet:  sweeptree cancel {paths.root.name} --kill")
    return not left


def _settle(store: SweepStore, job: JobView, keeper: Keeper, deadline: float) -> bool:
    """Wait for a keeper and write its outcome to the record; False when the deadline passes before."""
    outcome = keeper.wait(max(0.0, deadline - time.monotonic()))
    if outcome is None:
        return not keeper.is_alive()
    attempt = Attempt(
        number=job.attempt,
        state=outcome.state,
        exit_code=outcome.exit_code,
        reason=outcome.reason,
        start_time=outcome.start_time,
        end_time=outcome.end_time,
        duration_seconds=outcome.duration_seconds,
    )
    before = store.record(job.index).attempts
    others = tuple(other for other in before if other.number != job.attempt)
    store.update(
        job.index,
        state=outcome.state,
        exit_code=outcome.exit_code,
        reason=outcome.reason,
        start_time=outcome.start_time,
        end_time=outcome.end_time,
        duration_seconds=outcome.duration_seconds,
        gpus=outcome.gpus,
        gpu_seconds=outcome.gpu_seconds,
        peak_rss_mb=outcome.peak_rss_mb,
        attempts=(*others, attempt),
    )
    return True


def _report(paths: SweepPaths, living: int) -> int:
    view = view_sweep(paths)
    counts = view.counts
    done, open_ = counts[JobState.SUCCEEDED], sum(not job.final for job in view.jobs)
    write_out(
        f"{view.name} is stopped: {living} running jobs ended, {done} jobs ok, {open_} not started\n"
    )
    if view.resumable:
        write_out(f"  it can go on:  {resume_line(view)}\n")
    return 0
