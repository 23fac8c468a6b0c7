"""What a keeper that was killed left behind: found by the cookie in its environment, and ended.

A job's first process dies with its keeper; whatever it had started may live on. Every such process
still carries SWEEPTREE_COOKIE (or descends from one that does).
"""

from __future__ import annotations

import os
import signal
import time

from sweeptree.supervise.cookie import launch_of
from sweeptree.system.processes import all_pids, descendants, environment, start_ticks
from sweeptree.system.signalling import send_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


def sweep_orphans(names_prefix: str, keeper_lives: Callable[[str], bool]) -> list[int]:
    """Kill what dead keepers of launches named `names_prefix...` left; the PIDs, in order.

    `keeper_lives(name)` says whether the keeper of that launch still lives; then nothing of it is
    touched. A process that cannot be killed (another user's, stuck in the kernel) is given up after
    10 seconds.
    """
    gone: set[int] = set()
    deadline, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
    while found := find_orphans(names_prefix, keeper_lives):
        send_all(found, signal.SIGSTOP)
        send_all(find_orphans(names_prefix, keeper_lives), signal.SIGKILL)
        gone |= {pid for pid, _ in found}
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return sorted(gone)


def find_orphans(names_prefix: str, keeper_lives: Callable[[str], bool]) -> list[tuple[int, int]]:
    """The (PID, start ticks) of all that dead keepers of such launches left. Touches nothing."""
    alive: dict[str, bool] = {}
    found: dict[int, int] = {}
    for pid, ticks, launch in _jobs_processes(names_prefix):
        if launch not in alive:
            alive[launch] = keeper_lives(launch)
        if not alive[launch]:
            found[pid] = ticks
    found |= dict(descendants(*found))
    found.pop(os.getpid(), None)
    return list(found.items())


def _jobs_processes(names_prefix: str) -> Iterator[tuple[int, int, str]]:
    """PID, start ticks and launch of every process that belongs to a launch of such a name."""
    for pid in all_pids():
        ticks = start_ticks(pid)
        if ticks is None:
            continue
        launch = launch_of(environment(pid))
        if launch is not None and launch.startswith(names_prefix):
            yield pid, ticks, launch
