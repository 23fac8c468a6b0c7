"""A command of sweeptree that a chat began: it runs in the background, and its handle finds it.

Hides that each is a process in a session of its own (`call_runner`): a chat that ends leaves it
running, and another one can ask for it. Nothing of the engine is imported here; the command does.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sweeptree.dispatch import call_runner
from sweeptree.dispatch.chat_folder import ALIVE, ChatFolder, Kind, read_about, write_about
from sweeptree.system import locks
from sweeptree.system.processes import descendants, start_ticks
from sweeptree.system.signalling import send_all

_POLL_SECONDS = 0.05
_TAIL_BYTES = 64 * 1024
_KILL_SECONDS = 1.0


class CallState(StrEnum):
    """How a call is now. `lost`: it was killed, and left no exit code."""

    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run: the words after `sweeptree`, where, and for which tool.

    `sweep`: the folder of the results, where the command runs a sweep.
    """

    tool: str
    words: tuple[str, ...]
    top: Path
    sweep: Path | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was begun, by its folder."""

    folder: Path

    @property
    def handle(self) -> str:
        """What finds it again."""
        return self.folder.name

    @property
    def about(self) -> dict[str, Any]:
        """The order, and when it was given."""
        return read_about(self.folder)

    @property
    def sweep(self) -> Path | None:
        """The results of the sweep that it runs, if it runs one."""
        place = self.about.get("sweep")
        return Path(place) if isinstance(place, str) else None

    @property
    def state(self) -> CallState:
        """Whether it runs."""
        if locks.is_held(self.folder / ALIVE):
            return CallState.RUNNING
        return CallState.LOST if self.exit_code is None else CallState.ENDED

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None while it runs, and where it was killed."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "exit_code").read_text())
        return None

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            begun = datetime.fromisoformat(self.about["started_at"]).timestamp()
            return max(0.0, self._last_sign() - begun)
        return 0.0

    def _last_sign(self) -> float:
        if self.state is CallState.RUNNING:
            return time.time()
        file = self.folder / ("exit_code" if self.exit_code is not None else ALIVE)
        return file.stat().st_mtime if file.exists() else time.time()

    def printed(self, stream: str) -> str:
        """The end of its `stdout` or `stderr`."""
        return _tail(self.folder / stream)

    def document(self) -> dict[str, Any] | None:
        """The JSON document that it printed; None where it printed none."""
        try:
            found = json.loads((self.folder / "stdout").read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def wait(self, seconds: float, tell: Callable[[float], None] = lambda _: None) -> CallState:
        """Wait until it has ended, at most so long; `tell` hears how long it has run."""
        deadline = time.monotonic() + seconds
        while (state := self.state) is CallState.RUNNING and time.monotonic() < deadline:
            tell(self.seconds)
            time.sleep(_POLL_SECONDS)
        return state

    def stop(self, grace: float) -> CallState:
        """Ask it to end, as Ctrl-C does; after `grace` seconds it and its children are killed."""
        group = self._group()
        if group is None:
            return self.state
        family = [group, *descendants(group[0])]
        _signal_group(group, signal.SIGINT)
        if self.wait(grace) is CallState.RUNNING:
            family = sorted({*family, *descendants(group[0])})
            send_all(family, signal.SIGKILL)
            _signal_group(group, signal.SIGKILL)
            self.wait(_KILL_SECONDS)
        return self.state

    def forget(self) -> None:
        """Remove what it left: its answer has been read, and nobody will ask for it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _group(self) -> tuple[int, int] | None:
        """The (PID, start ticks) of the process that leads the session, while it lives."""
        try:
            pid, ticks = json.loads((self.folder / "process").read_text())
        except (OSError, ValueError):
            return None
        is_it = self.state is CallState.RUNNING and (start_ticks(pid) or 0) == ticks
        return (pid, ticks) if is_it else None


def _signal_group(group: tuple[int, int], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group[0], number)


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def begin(chats: ChatFolder, order: Order) -> Call:
    """Start a command in the background. Raises OSError."""
    folder = chats.make(Kind.CALL)
    about = {
        "tool": order.tool,
        "words": order.words,
        "top": str(order.top),
        "sweep": None if order.sweep is None else str(order.sweep),
        "started_at": datetime.now(UTC).isoformat(),
    }
    write_about(folder, about)
    launch(folder, program(order.words), order.top)
    return Call(folder)


def launch(folder: Path, command: Sequence[str], top: Path) -> None:
    """Let a process of its own run a command in `top`; it holds the lock in `folder` meanwhile.

    Raises OSError.
    """
    alive = locks.take(folder / ALIVE, mode=0o600)
    try:
        runner = (sys.executable, "-I", "-S", call_runner.__file__, str(folder), str(alive))
        subprocess.run(
            [*runner, *command],
            cwd=top,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(alive,),
            check=True,
        )
    finally:
        os.close(alive)


def program(words: Sequence[str]) -> list[str]:
    """The command line of a verb. -P: nothing is imported from the folder that it runs in."""
    return [sys.executable, "-P", "-m", "sweeptree", *words]
