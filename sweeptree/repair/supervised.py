"""A command of somebody else's, under a keeper: with a time limit, a cap on what it writes, and
gone with all its children afterwards, however we end.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree import supervise
from sweeptree.model import JobState, Launch, Outcome
from sweeptree.system.scratch import scratch_folder

GRACE = 2.0
LOG_CAP = 4 * 1024**2
_TAIL = 4000
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A command line for /bin/sh.

    `timeout`: seconds; `place`: a folder that may grow by `growth` bytes, None: as it likes.
    """

    command: str
    cwd: Path
    env: Mapping[str, str]
    timeout: float
    growth: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. `reason`: why it failed, in words; `tail`: the last that it printed."""

    is_ok: bool
    reason: str
    seconds: float
    tail: str


def run_line(name: str, line: Line) -> Ended:
    """Run a command to its end. A command that fails is a value; raises SweeptreeError when there
    can be no keeper."""
    with scratch_folder("repair") as files:
        keeper = supervise.start(_launch(name, line, files))
        try:
            outcome, excess = _await(keeper, line)
        except BaseException:
            keeper.kill()
            keeper.wait(GRACE)
            raise
        return _ended(outcome, excess, _tail(files / "log"))


def _launch(name: str, line: Line, files: Path) -> Launch:
    return Launch(
        name=name,
        command=line.command,
        cwd=line.cwd,
        env=line.env,
        log=files / "log",
        alive=files / "alive",
        started=files / "started",
        outcome=files / "outcome",
        timeout=line.timeout,
        grace=GRACE,
        log_cap=LOG_CAP,
        outlives_driver=False,
    )


def _await(keeper: supervise.Keeper, line: Line) -> tuple[Outcome | None, str]:
    """Its outcome, and why it was killed for what it wrote."""
    if line.growth is None:
        return keeper.wait(), ""
    most, pause = disk_use(line.cwd) + line.growth, _LOOK_SECONDS
    while keeper.is_alive():
        outcome = keeper.wait(pause)
        if outcome is not None:
            return outcome, ""
        if disk_use(line.cwd) > most:
            keeper.kill()
            return keeper.wait(), f"it wrote more than {line.growth // 1024**2} MiB"
    return keeper.wait(), ""


def disk_use(folder: Path) -> int:
    """Bytes on disk below a folder; follows no links. Files that vanish meanwhile do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        total += sum(_blocks(os.path.join(parent, name)) for name in names)  # noqa: PTH118 - speed
    return total


def _blocks(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0


def _ended(outcome: Outcome | None, excess: str, tail: str) -> Ended:
    if outcome is None:
        return Ended(False, excess or "its keeper was killed", 0.0, tail)
    is_ok = outcome.state is JobState.SUCCEEDED and not excess
    return Ended(is_ok, excess or outcome.reason or "", outcome.duration_seconds, tail)


def _tail(log: Path) -> str:
    try:
        return log.read_bytes()[-_TAIL:].decode("utf-8", "replace")
    except OSError:
        return ""
