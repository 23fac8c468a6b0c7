"""What jobs print, on its way from their log files to a stream.

Hides: how far each log has been read, that a new attempt begins a log anew, and what a terminal
would obey.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from sweeptree.records import SweepPaths
from sweeptree.sweep.tails import read_from
from sweeptree.system.escapes import Harmless

_CHUNK = 1024 * 1024
_LINE_LIMIT = 64 * 1024


class LogPrinter:
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
        """Bytes of a job, as they come."""
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
        """What was written is seen."""
        self._stream.flush()


class LogReader:
    """Remembers how far each log has been read."""

    def __init__(self, paths: SweepPaths, printer: LogPrinter, tail: int | None) -> None:
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
