"""What the tests of keepers share: launches, waiting with a deadline, and a process tree that will
not go."""

import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from sweeptree import supervise
from sweeptree.model import Launch, Outcome

# Ignores TERM, daemonises in three ways (setsid, double fork with closed files, background shells).
# 16 processes.
NASTY = f"""trap "" TERM INT HUP
setsid sleep 300 & (setsid sh -c "sleep 301 & sleep 302" &)
{shlex.quote(sys.executable)} -I -S -c "
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(3, 64)
        time.sleep(303)
    os._exit(0)
time.sleep(304)" &
for i in 1 2 3 4 5; do (trap "" TERM; sleep 305 & wait) & done
echo up; wait"""


def until(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for something to become true; fail when it has not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
    return value


def pids_of(name: str) -> set[int]:
    """The living processes that carry the cookie of launches named `name...`, read by psutil."""
    found = set()
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get("SWEEPTREE_COOKIE", "").startswith(name)
                and process.status() != "zombie"
            ):
                found.add(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


@dataclass
class Kit:
    """Makes launches in a folder of its own; `name` is theirs alone on this machine."""

    root: Path
    name: str
    made: int = 0

    def launch(self, command: str, **changes: Any) -> Launch:
        """A launch that runs `command` in the folder, with an environment of PATH alone."""
        self.made += 1
        path = {
            what: self.root / f"{self.made}.{what}"
            for what in ("log", "alive", "started", "outcome")
        }
        plain = Launch(
            name=f"{self.name}:{self.made}",
            command=command,
            cwd=self.root,
            env={"PATH": os.environ["PATH"]},
            timeout=None,
            grace=5.0,
            log_cap=0,
            **path,
        )
        return replace(plain, **changes)

    def run(self, command: str, **changes: Any) -> tuple[Outcome, str]:
        """Run a command to its end: the outcome and the log."""
        launch = self.launch(command, **changes)
        outcome = supervise.start(launch).wait(30)
        assert outcome is not None
        return outcome, launch.log.read_text() if launch.log.is_file() else ""

    def begin(self, command: str, **changes: Any) -> tuple[supervise.Keeper, Launch]:
        """Start a command that says `up`, and wait until it has."""
        launch = self.launch(command, **changes)
        keeper = supervise.start(launch)
        until(lambda: launch.started.exists() and "up\n" in launch.log.read_text())
        return keeper, launch


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            return


DRIVER = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from core.keeper_kit import Kit
from sweeptree import supervise
kit = Kit(Path({root!r}), {name!r})
keeper, _ = kit.begin({command!r})
print("begun", flush=True)
time.sleep(600)
"""
