"""Work through tasks in forked children, one child at a time, each for some tasks.

A child answers each task with a line of JSON. It ends early when its state is no longer clean; a
new one goes on with the next task. One that dies or hangs at a task costs that task alone.
Hides: the pipe, the guard by the clock, and that nothing which a test has started stays.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from . import alarm

Answer = dict[str, Any]
Task = TypeVar("Task")
DIED, HUNG = "died", "hung"
_PER_CHILD = 40
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_MOST_FILE_BYTES = 256 * 1024 * 1024
_SWEEPS = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds of a child: seconds by the clock for one task, bytes beyond what it has at birth."""

    guard_seconds: float
    memory_bytes: int
    per_child: int = _PER_CHILD


class Children(Generic[Task]):
    """Runs `work` for each task in a child; `is_clean` says there whether it may take another."""

    def __init__(
        self, work: Callable[[Task], Answer], is_clean: Callable[[], bool], rules: Rules
    ) -> None:
        self._work, self._is_clean, self._rules = work, is_clean, rules
        self._libc = _libc()
        self._spared = frozenset(_children())  # what the user's modules started when imported
        self._on_linux(_PR_SET_CHILD_SUBREAPER, 1)

    def run(
        self, tasks: Iterable[Task], after_child: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[Task, Answer]]:
        """Each task with its answer, in order; {"state": "died" | "hung"} for lost ones."""
        source = iter(tasks)
        waiting: deque[Task] = deque()
        while True:
            waiting.extend(islice(source, self._rules.per_child - len(waiting)))
            if not waiting:
                return
            try:
                for answer in self._one_child(list(waiting)):
                    yield waiting.popleft(), answer
            finally:
                after_child()

    def _one_child(self, tasks: list[Task]) -> Iterator[Answer]:
        """The answers of one child: at least one, so that there is always progress."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._live_as_child(writer, tasks)
        os.close(writer)
        count = 0
        try:
            for answer in self._answers(reader):
                is_last = answer.pop("last", False)
                count += 1
                yield answer
                if is_last or count == len(tasks):
                    return
        finally:
            os.close(reader)
            _end(pid, self._spared)

    def _answers(self, reader: int) -> Iterator[Answer]:
        """What comes through the pipe until the child has died or a task takes too long."""
        buffer = b""
        while True:
            readable, _, _ = select.select([reader], [], [], self._rules.guard_seconds)
            if not readable:
                yield {"state": HUNG, "last": True}
                return
            part = os.read(reader, 65536)
            if not part:
                yield {"state": DIED, "last": True}
                return
            *lines, buffer = (buffer + part).split(b"\n")
            yield from map(json.loads, lines)

    def _live_as_child(self, writer: int, tasks: list[Task]) -> NoReturn:
        try:
            os.setpgid(0, 0)
            self._on_linux(_PR_SET_PDEATHSIG, signal.SIGKILL)
            _limit(self._rules.memory_bytes)
            alarm.install()
            for task in tasks:
                answer = self._work(task)
                is_last = answer.pop("unclean", False) or not self._is_clean()
                line = json.dumps({**answer, "last": is_last})
                _write(writer, line.encode() + b"\n")
                if is_last:
                    break
        finally:
            os._exit(0)

    def _on_linux(self, option: int, value: int) -> None:
        if self._libc is not None:
            self._libc.prctl(option, value, 0, 0, 0)


def _libc() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None)
    except OSError:
        return None


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _limit(memory_bytes: int) -> None:
    """No core files, no huge files, and so much address space beyond what there is."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE_BYTES, _MOST_FILE_BYTES))
    with contextlib.suppress(ValueError, OSError):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory_bytes, now + memory_bytes))


def _end(pid: int, spared: frozenset[int]) -> None:
    """Kill a child with its process group, and whatever else has become ours through it."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    for _ in range(_SWEEPS):
        left = set(_children()) - spared
        if not left:
            return
        for other in left:
            with contextlib.suppress(OSError):
                os.kill(other, signal.SIGKILL)
            _reap(other)


def _children() -> list[int]:
    try:
        own = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in own.split()]


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
