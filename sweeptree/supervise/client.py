"""The driver's side: start a keeper, wait for it, signal it, adopt one of an earlier process.

Hides: that a keeper is known by its lock, PID and start ticks together; that one which was stopped
(kill -STOP) is woken when it has something to do, or killed when it still does not answer; and that
one which hangs is killed when its job should long be gone.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import Launch, Outcome
from sweeptree.records import read_json
from sweeptree.supervise.connection import NURSERIES
from sweeptree.supervise.files import KEPT_ROOM
from sweeptree.supervise.outcomes import lost_outcome, read_outcome
from sweeptree.supervise.tree import KILL_NOW, WITHDRAW
from sweeptree.system.files import write_json
from sweeptree.system.locks import hold, is_held
from sweeptree.system.processes import boot_id, descendants, is_running, is_stopped
from sweeptree.system.signalling import handle_of, send

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1
_LOOK_SECONDS = 2.0  # between two looks at a keeper that is waited for: does it still answer?
_PATIENCE = 10.0  # seconds beyond the grace for one that was stopped, and woken
_IDENTITY_TRIES, _IDENTITY_PAUSE = 20, 0.005


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper by its files and its process.

    `pid` with `ticks` are 0 when it is not on this boot of this machine; `launch` is known of one
    that this process has started. Thread-safe: it holds nothing open, and looks afresh each time.
    """

    alive: Path
    outcome: Path
    pid: int = 0
    ticks: int = 0
    launch: Launch | None = field(default=None, compare=False, repr=False)
    _orders: list[float] = field(default_factory=list, compare=False, repr=False)

    def is_alive(self) -> bool:
        """Whether the keeper lives. If not, and it left no outcome, its job is lost."""
        return is_held(self.alive)

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """Its outcome once it has ended; None after `timeout` seconds, or when it left none."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with _handle(self) as handle:
            if handle is not None and not self._await_end(handle, deadline):
                return None
        if not self._wait_for_lock(deadline):
            return None
        return read_outcome(self.outcome)

    def stop(self) -> None:
        """Ask it to end its job: TERM, the grace, KILL.

        Returns at once; a second call kills at once.
        """
        self._order(signal.SIGTERM)

    def kill(self) -> None:
        """Have it kill its job's whole tree now. Returns at once; `wait` for the outcome."""
        self._order(KILL_NOW)

    def withdraw(self) -> None:
        """Have it end without beginning its command; one that has begun goes on. It alone decides
        which of both it is; one that cannot be reached from here goes on. Returns at once."""
        with contextlib.suppress(SweeptreeError):
            self._send(WITHDRAW)

    def is_stopped(self) -> bool:
        """Whether it was stopped itself (kill -STOP, a debugger), so that nobody looks after its
        job."""
        return is_stopped(self.pid, self.ticks)

    def _order(self, number: int) -> None:
        self._send(number)
        self._orders.append(time.monotonic())
        if self.is_stopped():
            self._wake()

    def _wake(self) -> None:
        send(self.pid, self.ticks, signal.SIGCONT)

    def _await_end(self, handle: int, deadline: float | None) -> bool:
        """Wait for its end, and see to it that it goes on; False when the deadline has passed."""
        while not _has_ended(handle, _sooner(deadline, time.monotonic() + _LOOK_SECONDS)):
            if self.is_stopped():
                self._see_to_a_stopped_one()
            elif self._hangs():
                send(self.pid, self.ticks, signal.SIGKILL)
            if deadline is not None and time.monotonic() >= deadline:
                return False
        return True

    def _see_to_a_stopped_one(self) -> None:
        """Wake it when it has something to do; kill it when it was ordered to and stays stopped.

        Its job's first process dies with it, and whoever waits sweeps up the others.
        """
        since = self._since_order()
        if since is not None and since > self._grace() + _PATIENCE:
            send(self.pid, self.ticks, signal.SIGKILL)
        elif since is not None or not descendants(self.pid):
            self._wake()

    def _hangs(self) -> bool:
        """Whether it should long have ended its job, and the job runs on.

        A keeper that does its work has stopped and killed them all by then; what waits for a dead
        disk (state D) can be killed by nobody, and is waited for.
        """
        since = self._since_order()
        if since is None or since <= self._grace() + _PATIENCE:
            return False
        return any(is_running(*process) for process in descendants(self.pid))

    def _since_order(self) -> float | None:
        """For how many seconds it should have been ending its job: by an order, or by its time."""
        orders = [time.monotonic() - order for order in self._orders[:1]]
        overdue = self._overdue()
        return max([*orders, *([] if overdue is None else [overdue])], default=None)

    def _overdue(self) -> float | None:
        """For how many seconds the job's time has been over; None while it is not."""
        launch = self.launch
        if launch is None or launch.timeout is None:
            return None
        try:
            began = launch.started.stat().st_mtime
        except OSError:  # it waits for its slots
            return None
        over = time.time() - began - launch.timeout
        return over if over > 0 else None

    def _grace(self) -> float:
        return self.launch.grace if self.launch else 0.0

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
    pid, ticks = int(answer["pid"]), int(answer["ticks"])
    return Keeper(launch.alive, launch.outcome, pid, ticks, launch)


def adopt(alive: Path, outcome: Path) -> Keeper:
    """The keeper of an attempt that an earlier process started; whether or not it still lives.

    One that was stopped goes on: somebody waits for it again.
    """
    keeper = _find(alive, outcome)
    if keeper.is_stopped():
        keeper._wake()
    return keeper


def stopped_keeper(alive: Path) -> int | None:
    """The PID of the living keeper behind this file when it is stopped. Changes nothing."""
    keeper = _find(alive, alive)
    return keeper.pid if keeper.is_stopped() else None


def keeper_host(alive: Path) -> str | None:
    """The machine of the keeper that has or had this attempt; None where that is not known."""
    try:
        host = read_json(alive, limit=KEPT_ROOM).get("host")
    except RecordError:
        return None
    return host if isinstance(host, str) else None


def _find(alive: Path, outcome: Path) -> Keeper:
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
            return read_json(alive, limit=KEPT_ROOM)
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


def _sooner(deadline: float | None, look: float) -> float:
    return look if deadline is None else min(deadline, look)


def _has_ended(handle: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    left = max(0.0, deadline - time.monotonic())
    return bool(poll.poll(left * 1000))
