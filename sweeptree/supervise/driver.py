"""The driver's side: start a keeper, wait for it, signal it, adopt one that an earlier process
started.

Hides: the nursery process and its socket, and that a keeper is told by its lock, PID and start
ticks together.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import Cause, JobState, Launch, Outcome
from sweeptree.records import read_json
from sweeptree.supervise.processes import KILL_NOW, boot_id, handle_of, send
from sweeptree.system.clock import utc_now
from sweeptree.system.files import write_json
from sweeptree.system.locks import is_held

_PROGRAM = Path(__file__).with_name("keeper.py")
_ANSWER_SECONDS = 60.0  # a keeper answers within milliseconds; only a dead file system takes long
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper by its files and its process (`pid` with `ticks`; 0 when it is not on this boot of
    this machine).

    Thread-safe: it holds nothing open, and looks afresh each time.
    """

    alive: Path
    outcome: Path
    pid: int = 0
    ticks: int = 0

    def is_alive(self) -> bool:
        """Whether the keeper lives. If not, and it left no outcome, its job is lost."""
        return is_held(self.alive)

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """Its outcome once it has ended; None after `timeout` seconds, or when it died without one."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with _handle(self) as handle:
            if handle is not None and not _ended(handle, deadline):
                return None
        pause = 0.002
        while is_held(
            self.alive
        ):  # no pidfd: another machine, another PID namespace, an old kernel
            if deadline is not None and time.monotonic() >= deadline:
                return None
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
        return read_outcome(self.outcome)

    def stop(self) -> None:
        """Ask it to end its job: TERM, the grace, KILL.

        Returns at once; a second call kills at once.
        """
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Have it kill its job's whole tree now. Returns at once; `wait` for the outcome."""
        self._send(KILL_NOW)

    def _send(self, number: int) -> None:
        if self.is_alive() and not send(self.pid, self.ticks, number) and self.is_alive():
            raise SweeptreeError(
                f"the keeper that holds {self.alive.name} cannot be reached from here",
                hint="it runs on another machine or in another container: stop it there",
            )


def start(launch: Launch) -> Keeper:
    """Start a keeper for one attempt; when this returns, it lives, holds `launch.alive` and has
    made the log.

    A command that cannot be started is an Outcome. Raises SweeptreeError when there can be no
    keeper: its folder cannot be written, the attempt is run or was run by another one, no process
    can be made.
    """
    message = json.dumps(dataclasses.asdict(launch), default=_absolute).encode()
    answer = _NURSERIES.ask(message)
    if "error" in answer:
        raise SweeptreeError(
            f"{launch.name} could not be started: {answer['error']}", hint="sweeptree doctor"
        )
    return Keeper(launch.alive, launch.outcome, int(answer["pid"]), int(answer["ticks"]))


def adopt(alive: Path, outcome: Path) -> Keeper:
    """The keeper of an attempt that an earlier process started; whether or not it still lives."""
    who = _identity(alive)
    if who.get("boot") != boot_id() or not is_held(
        alive
    ):  # a copy of the file names a keeper that has not its lock
        return Keeper(alive, outcome)
    return Keeper(alive, outcome, int(who.get("pid") or 0), int(who.get("ticks") or 0))


def fence(alive: Path, outcome: Path) -> bool:
    """See to it that no keeper can begin this attempt any more: it gets the outcome `lost` if it
    has none.

    False when a keeper has begun meanwhile: the launch was still on its way when its driver died.
    Raises OSError.
    """
    file = os.open(
        alive, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o644
    )
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.lexists(
            outcome
        ):  # a keeper looks for it once it has the lock, and then does not begin
            write_json(outcome, dataclasses.asdict(lost_outcome()))
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


def lost_outcome() -> Outcome:
    """The outcome of an attempt whose keeper died without leaving one."""
    return Outcome(
        state=JobState.LOST,
        exit_code=None,
        signal=None,
        reason="its keeper was killed before the job ended",
        start_time=None,
        end_time=utc_now(),
        duration_seconds=0.0,
        peak_rss_mb=None,
    )


def read_outcome(path: Path) -> Outcome | None:
    """The outcome that a keeper wrote; None when there is none, or it cannot be read as one."""
    try:
        value = read_json(path)
        fields = {
            field.name: value[field.name]
            for field in dataclasses.fields(Outcome)
            if field.name in value
        }
        cause = (
            Cause(fields["cause"]) if fields.get("cause") else None
        )  # an older keeper says nothing of it
        known = {"state": JobState(fields["state"]), "gpus": tuple(fields["gpus"]), "cause": cause}
        return Outcome(**{**fields, **known})
    except (RecordError, KeyError, ValueError, TypeError):
        return None


def _absolute(path: Path) -> str:
    return str(path.absolute())  # the keeper stands elsewhere


def _identity(alive: Path) -> dict[str, Any]:
    for _ in range(20):  # the keeper writes it a moment after it has taken the lock
        with contextlib.suppress(RecordError):
            return read_json(alive, limit=4096)
        if not is_held(alive):
            break
        time.sleep(0.005)
    return {}


@contextlib.contextmanager
def _handle(keeper: Keeper) -> Iterator[int | None]:
    handle = handle_of(keeper.pid, keeper.ticks)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _ended(handle: int, deadline: float | None) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    return bool(poll.poll(left))


class _Nursery:
    """A running nursery and our end of its socket."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._link, theirs = socket.socketpair()
        with theirs:
            self._link.settimeout(_ANSWER_SECONDS)
            # paths and commands must become the same bytes there as here
            utf8 = f"utf8={sys.flags.utf8_mode}"
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", utf8, str(_PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            )

    def ask(self, message: bytes) -> dict[str, Any] | None:
        """Send a launch; the keeper's answer, or None when the nursery died before a keeper began."""
        data = b""
        try:
            self._link.sendall(len(message).to_bytes(4, "big") + message)
            while not data.endswith(b"\n"):
                part = self._link.recv(65536)
                if not part:
                    return None
                data += part
        except TimeoutError:
            self._link.shutdown(
                socket.SHUT_RDWR
            )  # the next question finds it closed and gets a new nursery
            return {
                "error": f"no answer within {_ANSWER_SECONDS:.0f} s; does the file system hang?"
            }
        except OSError:
            return None
        answer = json.loads(data)
        assert isinstance(answer, dict)
        return answer

    def close(self) -> None:
        """Let it end. The keepers it made go on."""
        self._link.close()
        if self.owner != os.getpid():
            self._process.returncode = 0  # our parent's child: nothing to wait for
            return
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Nurseries:
    """The nursery of this process: made on first use, and again after it died or after a fork."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._current: _Nursery | None = None

    def ask(self, message: bytes) -> dict[str, Any]:
        """Have a keeper forked. One at a time: an answer belongs to the question before it."""
        with self._guard:
            for _ in range(2):
                answer = self._ask(message)
                if answer is not None:
                    return answer
        return {
            "error": f"the process that makes keepers ends at once; does {sys.executable} -I -S run?"
        }

    def close(self) -> None:
        """End the nursery of this process, if there is one."""
        with self._guard:
            self._drop()

    def _ask(self, message: bytes) -> dict[str, Any] | None:
        try:
            answer = self._nursery().ask(message)
        except OSError as error:
            answer = {"error": f"no process could be made for it: {error.strerror}"}
        except BaseException:  # an interrupt: the answer that is still to come belongs to nobody
            self._drop()
            raise
        if answer is None:
            self._drop()
        return answer

    def _nursery(self) -> _Nursery:
        if self._current is not None and self._current.owner != os.getpid():
            self._drop()
        if self._current is None:
            self._current = _Nursery()
        return self._current

    def _drop(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None


_NURSERIES = _Nurseries()
atexit.register(_NURSERIES.close)
os.register_at_fork(after_in_child=lambda: setattr(_NURSERIES, "_guard", threading.Lock()))
