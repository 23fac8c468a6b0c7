"""What a keeper that was killed left behind: found by the cookie in its environment, and ended.

A job's first process dies with its keeper; whatever it had started may live on. Every such process
still carries SWEEPTREE_COOKIE (or descends from one that does).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from sweeptree.supervise.cookie import COOKIE, COOKIE_MARK
from sweeptree.system.processes import all_pids, descendants, environment, start_ticks
from sweeptree.system.signalling import send_all

_PATIENCE = 10.0


def sweep_orphans(names_prefix: str, keeper_lives: Callable[[str], bool]) -> list[int]:
    """Kill what dead keepers of launches named `names_prefix...` left, and return the PIDs, in
    order.

    `keeper_lives(name)` says whether the keeper of that launch still lives; then nothing of it is
    touched. A process that cannot be killed (another user's, stuck in the kernel) is given up after
    10 seconds.
    """
    gone: set[int] = set()
    deadline, pause = time.monotonic() + _PATIENCE, 0.002
    while found := find_orphans(names_prefix, keeper_lives):
        send_all(found, signal.SIGSTOP)
        send_all(find_orphans(names_prefix, keeper_lives), signal.SIGKILL)
        gone |= {pid for pid, _ in found}
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    return sorted(gone)


def find_orphans(names_prefix: str, keeper_lives: Callable[[str], bool]) -> list[tuple[int, int]]:
    """The (PID, start ticks) of every living process that a dead keeper of such a launch left.

    Touches nothing.
    """
    alive: dict[str, bool] = {}
    found: dict[int, int] = {}
    for pid in all_pids():
        ticks = start_ticks(pid)
        name = _launch_name(pid)
        if ticks is None or name is None or not name.startswith(names_prefix):
            continue
        if name not in alive:
            alive[name] = keeper_lives(name)
        if not alive[name]:
            found[pid] = ticks
    found |= dict(descendants(*found))
    found.pop(os.getpid(), None)
    return list(found.items())


def _launch_name(pid: int) -> str | None:
    for line in environment(pid).split(b"\0"):
        if line.startswith(COOKIE.encode() + b"="):
            return os.fsdecode(line).partition("=")[2].rpartition(COOKIE_MARK)[0]
    return None
