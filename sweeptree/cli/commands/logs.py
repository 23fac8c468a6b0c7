"""`sweeptree logs`: what the jobs printed, with -f as it comes.

Byte for byte, but for escape sequences that a terminal would obey: of those only colours pass.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.find import find_sweep
from sweeptree.cli.screens.log_output import LogPrinter, LogReader
from sweeptree.cli.screens.terminal import say
from sweeptree.errors import UsageError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, holder
from sweeptree.sweep.tails import LedgerTail
from sweeptree.sweep.view import JobView, SweepView, view_sweep

_POLL_SECONDS = 0.03
_LIVENESS_SECONDS = 0.5
_UNFINISHED = (JobState.RUNNING, JobState.PLANNED)
_NEVER_RETRIED = (JobState.SUCCEEDED, JobState.CANCELLED)


def logs(
    target: str,
    /,
    *,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative="")] = False,
    tail: Annotated[int | None, Parameter(name=["--tail", "-n"])] = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    results_dir: Path | None = None,
) -> int:
    """Print the log of one job (EXP:JOB), or of all jobs, each line after its job's number.

    Parameters
    ----------
    target
        EXP or EXP:JOB, for example unet_lr:3.
    follow
        Go on printing what the jobs write until the sweep, or the job, is over.
    tail
        Only the last N lines of each job.
    raw
        Send a terminal all that the jobs printed; default: of escape sequences only colours.
    results_dir
        Where results are; default: results/ at the top of the repository.
    """
    name, only = _parse_target(target)
    if tail is not None and tail < 0:
        raise UsageError(
            "--tail takes a number of lines, 0 or more", hint=f"sweeptree logs {target} --tail 20"
        )
    view = view_sweep(find_sweep(name, results_dir))
    _check(view, only)
    is_prefixed = only is None and len(view.jobs) > 1
    is_guarded = sys.stdout.isatty() and not raw
    printer = LogPrinter(sys.stdout.buffer, prefixed=is_prefixed, guarded=is_guarded)
    reader = LogReader(view.paths, printer, tail)
    if follow and (view.paths.ledger.exists() or view.driver is not None):
        _follow(view.paths, reader, only)
    else:
        reader.read(_with_logs(view, only))
    printer.finish()
    return 0


def _parse_target(target: str) -> tuple[str, int | None]:
    """The sweep and the number of the job, None for all of them. Raises UsageError."""
    name, colon, number = target.rpartition(":")
    if not colon:
        return target, None
    if not (number.isascii() and number.isdigit()):
        raise UsageError(f"{number!r} is not the number of a job", hint=f"sweeptree logs {name}:0")
    return name, int(number)


def _check(view: SweepView, only: int | None) -> None:
    if only is None:
        return
    known = {job.index for job in view.jobs}
    log = view.paths.log(only)
    if only not in known and not log.exists():
        raise UsageError(
            f"sweep {view.name} has no job {only}",
            hint=f"sweeptree status {view.name}" if known else "its jobs have not been written yet",
        )
    if log.is_symlink():
        raise UsageError(
            f"the log of job {only} is a symbolic link, which is not followed",
            hint="ls -l shows it",
        )


def _with_logs(view: SweepView, only: int | None) -> list[int]:
    if only is not None:
        if not view.paths.log(only).exists():
            say(f"job {only} has no log yet:  sweeptree logs {view.name}:{only} -f  waits for it")
        return [only]
    return [job.index for job in view.jobs if view.paths.log(job.index).exists()]


def _follow(paths: SweepPaths, reader: LogReader, only: int | None) -> None:
    """Print until the sweep (or the one job) is over; each round looks at the running jobs only."""
    jobs = _Jobs(paths, only)
    next_look = 0.0
    reader.read([] if only is None else [only])
    while True:
        is_over = False
        if time.monotonic() >= next_look:
            # asked before the last read: nothing that is written later is missed
            is_over = _is_over(paths, only)
            next_look = time.monotonic() + _LIVENESS_SECONDS
        ended = jobs.update()
        reader.read(jobs.active())
        for index in ended:
            reader.done(index)
        if is_over:
            reader.read(jobs.active())
            return
        time.sleep(_POLL_SECONDS)


class _Jobs:
    """Which jobs write, by the ledger; of all of them, or `only` one."""

    def __init__(self, paths: SweepPaths, only: int | None) -> None:
        self._ledger = LedgerTail(paths)
        self._only = only
        self._running: set[int] = set()

    def update(self) -> list[int]:
        """Read what is new in the ledger; the jobs that have ended since the last time."""
        states = {entry["id"]: str(entry.get("state")) for entry in self._ledger.read()}
        running = {index for index, state in states.items() if state == JobState.RUNNING}
        self._running = (self._running - states.keys()) | running
        ended = [index for index, state in states.items() if state not in _UNFINISHED]
        return [index for index in ended if self._only in (None, index)]

    def active(self) -> list[int]:
        """The jobs whose logs may have grown."""
        return sorted(self._running) if self._only is None else [self._only]


def _is_over(paths: SweepPaths, only: int | None) -> bool:
    """True when nothing writes any more: nobody drives the sweep and no keeper lives.

    Of one job also when it has ended and does not run again.
    """
    if only is None:
        return _is_sweep_over(paths)
    view = view_sweep(paths)
    job = _job(view, only)
    if job is not None and job.alive:
        return False
    if view.driver is None:
        return True
    return job is not None and job.final and not _runs_again(view, job)


def _is_sweep_over(paths: SweepPaths) -> bool:
    if holder(paths) is not None:
        return False
    view = view_sweep(paths)
    return view.driver is None and not any(job.alive for job in view.jobs)


def _job(view: SweepView, index: int) -> JobView | None:
    return next((job for job in view.jobs if job.index == index), None)


def _runs_again(view: SweepView, job: JobView) -> bool:
    spec = view.document.get("spec")
    retries = spec.get("retries", 0) if isinstance(spec, dict) else 0
    return job.state not in _NEVER_RETRIED and job.attempt <= int(retries)
