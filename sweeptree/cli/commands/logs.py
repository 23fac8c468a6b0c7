"""`sweeptree logs`: what the jobs printed, with -f as it comes.

Byte for byte, but for escape sequences that a terminal would obey: of those only colours pass.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter

from sweeptree.cli.find import find_sweep
from sweeptree.cli.screens.escapes import Harmless
from sweeptree.cli.screens.terminal import say
from sweeptree.cli.screens.view import JobView, LedgerTail, SweepView, read_from, view_sweep
from sweeptree.errors import UsageError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, holder

_POLL_SECONDS = 0.03
_LIVENESS_SECONDS = 0.5
_CHUNK = 1024 * 1024
_LINE_LIMIT = 64 * 1024
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
    printer = _Printer(sys.stdout.buffer, prefixed=is_prefixed, guarded=is_guarded)
    reader = _Reader(view.paths, printer, tail)
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


class _Printer:
    """Writes bytes as they are; of several jobs whole lines, each after its job's number.

    `guarded`: without what a terminal would obey.
    """

    def __init__(self, stream: BinaryIO, *, prefixed: bool, guarded: bool = False) -> None:
        self._stream = stream
        self.prefixed = prefixed
        self._partial: dict[int, bytes] = {}
        self._guarded = guarded
        self._guards: dict[int, Harmless] = {}

    def write(self, index: int, data: bytes) -> None:
        if self._guarded:
            data = self._guards.setdefault(index, Harmless()).feed(data)
        self._write(index, data)

    def _write(self, index: int, data: bytes) -> None:
        if not self.prefixed:
            self._stream.write(data)
            return
        prefix = b"%d | " % index
        *lines, rest = (self._partial.pop(index, b"") + data).split(b"\n")
        self._stream.write(b"".join(prefix + line + b"\n" for line in lines))
        if len(rest) > _LINE_LIMIT:
            self._stream.write(prefix + rest + b"\n")
        elif rest:
            self._partial[index] = rest

    def finish(self, index: int | None = None) -> None:
        """Write the unfinished last lines: of one job, or of all."""
        waiting = dict.fromkeys((*self._guards, *self._partial))
        jobs = list(waiting) if index is None else [index]
        for job in jobs:
            if job in self._guards:
                self._write(job, self._guards[job].rest())
            rest = self._partial.pop(job, b"")
            if rest:
                self._stream.write(b"%d | %s\n" % (job, rest))
        self._stream.flush()

    def flush(self) -> None:
        self._stream.flush()


class _Reader:
    """Remembers how far each log has been read."""

    def __init__(self, paths: SweepPaths, printer: _Printer, tail: int | None) -> None:
        self._paths = paths
        self._printer = printer
        self._tail = tail
        self._offsets: dict[int, tuple[int, int]] = {}  # inode and offset

    def read(self, indices: Iterable[int]) -> None:
        """Print everything new in these jobs' logs."""
        for index in indices:
            self._read(index)
        self._printer.flush()

    def _read(self, index: int) -> None:
        path = self._paths.log(index)
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return
        # what is looked at and what is read is one file: a new attempt may begin the log anew
        try:
            self._read_open(index, path, file)
        finally:
            os.close(file)

    def _read_open(self, index: int, path: Path, file: int) -> None:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return
        offset = self._offset(index, path, found)
        while data := os.pread(file, _CHUNK, offset):
            self._printer.write(index, data)
            offset += len(data)
        self._offsets[index] = (found.st_ino, offset)

    def _offset(self, index: int, path: Path, found: os.stat_result) -> int:
        """Where the last read ended; the start when a new attempt has begun the log anew."""
        if index not in self._offsets:
            return 0 if self._tail is None else _tail_offset(path, found.st_size, self._tail)
        inode, offset = self._offsets[index]
        is_same = inode == found.st_ino and offset <= found.st_size
        return offset if is_same else 0

    def done(self, index: int) -> None:
        """A job is over: its last line goes out even without a newline."""
        self._read(index)
        self._printer.finish(index)


def _tail_offset(path: Path, size: int, lines: int) -> int:
    """Where the last `lines` lines begin; read from the end, so a huge log costs little."""
    found, end, block = 0, size, 64 * 1024
    skip_last = 1  # the newline that ends the last line begins no other
    while end > 0:
        start = max(0, end - block)
        data = read_from(path, start, end - start)
        if end == size and not data.endswith((b"\n", b"\r")):
            skip_last = 0
        place = len(data)
        while (place := _line_end(data, place)) >= 0:
            found += 1
            if found == lines + skip_last:
                return start + place + 1
        end = start
    return 0 if lines else size


def _line_end(data: bytes, place: int) -> int:
    """Where the last line end before `place` is; a progress bar ends its lines by a return."""
    if data[max(0, place - 1) : place + 1] == b"\r\n":  # a line end of Windows is one
        place -= 1
    return max(data.rfind(b"\n", 0, place), data.rfind(b"\r", 0, place))


def _follow(paths: SweepPaths, reader: _Reader, only: int | None) -> None:
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
