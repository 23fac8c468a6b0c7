"""The driver's side: start a keeper, wait for it, signal it, adopt one of an earlier process.

Hides: that a keeper is known by its lock, PID and start ticks together.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import Launch, Outcome
from sweeptree.records import read_json
from sweeptree.supervise.connection import NURSERIES
from sweeptree.supervise.outcomes import lost_outcome, read_outcome
from sweeptree.supervise.tree import KILL_NOW
from sweeptree.system.files import write_json
from sweeptree.system.locks import hold, is_held
from sweeptree.system.processes import boot_id
from sweeptree.system.signalling import handle_of, send

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1
_IDENTITY_TRIES, _IDENTITY_PAUSE = 20, 0.005


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper by its files and its process.

    `pid` with `ticks` are 0 when it is not on this boot of this machine. Thread-safe: it holds
    nothing open, and looks afresh each time.
    """

    alive: Path
    outcome: Path
    pid: int = 0
    ticks: int = 0

    def is_alive(self) -> bool:
        """Whether the keeper lives. If not, and it left no outcome, its job is lost."""
        return is_held(self.alive)

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """Its outcome once it has ended; None after `timeout` seconds, or when it left none."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with _handle(self) as handle:
            if handle is not None and not _has_ended(handle, deadline):
                return None
        if not self._wait_for_lock(deadline):
            return None
        return read_outcome(self.outcome)

    def stop(self) -> None:
        """Ask it to end its job: TERM, the grace, KILL.

        Returns at once; a second call kills at once.
        """
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Have it kill its job's whole tree now. Returns at once; `wait` for the outcome."""
        self._send(KILL_NOW)

    def _wait_for_lock(self, deadline: float | None) -> bool:
        """Without a pidfd: another machine, another PID namespace, an old kernel."""
        pause = _FIRST_PAUSE
        while is_held(self.alive):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return True

    def _send(self, number: int) -> None:
        if not self.is_alive() or send(self.pid, self.ticks, number):
            return
        if self.is_alive():  # it has not ended meanwhile
            raise SweeptreeError(
                f"the keeper that holds {self.alive.name} cannot be reached from here",
                hint="it runs on another machine or in another container: stop it there",
            )


def start(launch: Launch) -> Keeper:
    """Start a keeper for one attempt.

    When this returns, it lives, holds `launch.alive` and has made the log. A command that cannot
    be started is an Outcome. Raises SweeptreeError when there can be no keeper: its folder cannot
    be written, the attempt is run or was run by another one, no process can be made.
    """
    message = json.dumps(dataclasses.asdict(launch), default=_absolute).encode()
    answer = NURSERIES.ask(message)
    if "error" in answer:
        raise SweeptreeError(
            f"{launch.name} could not be started: {answer['error']}", hint="sweeptree doctor"
        )
    return Keeper(launch.alive, launch.outcome, int(answer["pid"]), int(answer["ticks"]))


def adopt(alive: Path, outcome: Path) -> Keeper:
    """The keeper of an attempt that an earlier process started; whether or not it still lives."""
    who = _identity(alive)
    # a copy of the file names a keeper that has not its lock
    if who.get("boot") != boot_id() or not is_held(alive):
        return Keeper(alive, outcome)
    return Keeper(alive, outcome, int(who.get("pid") or 0), int(who.get("ticks") or 0))


def fence(alive: Path, outcome: Path) -> bool:
    """See to it that no keeper can begin this attempt: it gets the outcome `lost` if it has none.

    False when a keeper has begun meanwhile: the launch was still on its way when its driver died.
    Raises OSError.
    """
    try:
        lock = hold(alive)
    except BlockingIOError:
        return False
    with lock:
        # a keeper looks for it once it has the lock, and then does not begin
        if not os.path.lexists(outcome):
            write_json(outcome, dataclasses.asdict(lost_outcome()))
    return True


def _absolute(path: Path) -> str:
    """For the keeper, which has another working folder."""
    return str(path.absolute())


def _identity(alive: Path) -> dict[str, Any]:
    for _ in range(_IDENTITY_TRIES):  # the keeper writes it a moment after it has taken the lock
        with contextlib.suppress(RecordError):
            return read_json(alive, limit=4096)
        if not is_held(alive):
            break
        time.sleep(_IDENTITY_PAUSE)
    return {}


@contextlib.contextmanager
def _handle(keeper: Keeper) -> Iterator[int | None]:
    handle = handle_of(keeper.pid, keeper.ticks)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _has_ended(handle: int, deadline: float | None) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    if deadline is None:
        return bool(poll.poll())
    left = max(0.0, deadline - time.monotonic())
    return bool(poll.poll(left * 1000))
