"""What `sweeptree doctor` says of the machine: programs, GPUs, disk, server, token."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from sweeptree.cli.commands.doctor.finding import Finding

if TYPE_CHECKING:
    from sweeptree.engine.server.worker import Worker

_OLDEST_GIT = (2, 31)
_LEAST_FREE = 2 * 1024**3
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")


def _git() -> Iterator[Finding]:
    program = shutil.which("git")
    if program is None:
        yield Finding("git", "fail", "git is not installed", "install git 2.31 or newer")
        return
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20)
    text = done.stdout.strip() or done.stderr.strip()
    if _version(done.stdout) >= _OLDEST_GIT:
        yield Finding("git", "ok", f"{text}, worktrees supported")
        return
    why = f"{text} is too old for worktrees as sweeptree uses them"
    yield Finding("git", "fail", why, "install git 2.31 or newer")


def _version(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _python() -> Iterator[Finding]:
    text = f"{platform.python_version()} on {platform.system()}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("python", "ok", text)
    else:
        yield Finding("python", "fail", text, "use Python 3.11, 3.12 or 3.13")
    if sys.platform != "linux":
        yield Finding(
            "supervision",
            "warn",
            "not Linux: processes that a job leaves behind are found less surely",
        )


def _engine() -> Iterator[Finding]:
    for package in ("prefect", "GitPython", "PyGithub", "pandas", "nvidia-ml-py"):
        try:
            yield Finding(package, "ok", metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(package, "fail", "not installed", "install sweeptree again: make install")


def _gpus() -> Iterator[Finding]:
    from sweeptree.gpus import detect
    from sweeptree.sweep.shares import default_parallel

    detection = detect()
    for text in detection.skipped:
        yield Finding("gpus", "warn", text, "sweeptree gpus")
    if detection.devices:
        yield Finding(
            "gpus", "ok", f"{len(detection.devices)} to give to jobs, driver {detection.driver}"
        )
    else:
        cores = default_parallel(detection, 0)
        yield Finding(
            "gpus", "ok", f"none ({detection.why or 'none found'}); the {cores} cores are the slots"
        )


def check_quarantine(*, repair: bool) -> Iterator[Finding]:
    """GPUs that failed under a job; a restart of the machine ends their quarantine too."""
    from sweeptree.gpus import slots
    from sweeptree.settings import Settings

    root = str(Settings().slot_dir)
    for found in slots.all_quarantined(root):
        if repair:
            slots.lift_quarantine(root, found.uuid)
            yield Finding(
                "repaired",
                "ok",
                f"GPU {found.uuid} is given out again; it was in quarantine: {found.reason}",
            )
        else:
            text = f"GPU {found.uuid} is in quarantine since {found.since}: {found.reason}"
            yield Finding(
                "gpus", "warn", text, "restart the machine, or: sweeptree doctor --repair"
            )


def _slots() -> Iterator[Finding]:
    from sweeptree.settings import Settings
    from sweeptree.sweep import refusals

    folder = Settings().slot_dir
    untrusted = refusals.of_slots(folder)
    if untrusted:
        yield Finding("slots", "fail", untrusted[0].message, "; ".join(untrusted[0].hint))
        return
    yield _writable("slots", folder, "SWEEPTREE_SLOT_DIR names another folder for the slots' locks")


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    text = f"{free / 1e9:.1f} GB free here"
    if free >= _LEAST_FREE:
        yield Finding("disk", "ok", text)
    else:
        yield Finding("disk", "warn", text, "sweeptree run --results_dir puts results elsewhere")


def _server() -> Iterator[Finding]:
    from sweeptree.settings import Settings

    home = Settings().home
    yield _writable("home", home, "SWEEPTREE_HOME names another folder for the server's database")
    yield from _network_disk(home)
    if os.environ.get("PREFECT_API_URL"):
        yield Finding("server", "ok", "PREFECT_API_URL is set: that Prefect server is used")
        return
    from sweeptree.engine.server import facts

    found = facts.look(home)
    if found.server is None:
        yield Finding("server", "ok", "not running; the first sweep starts it")
    else:
        yield Finding("server", "ok", found.server_line())
    yield from _worker(found.worker)
    for run in found.next_lines():
        yield Finding("schedule", "ok", run)


def _network_disk(home: Path) -> Iterator[Finding]:
    from sweeptree.engine.server import network

    kind = network.disk_of(home)
    if kind is not None:
        text = f"{home} is on a network disk ({kind}): no Prefect server is started there"
        yield Finding("home", "warn", text, "SWEEPTREE_HOME names another folder")


def _worker(worker: Worker | None) -> Iterator[Finding]:
    if worker is not None and worker.pid is None:
        text = f"the worker of the pool {worker.pool} has died: no deployment runs"
        yield Finding("worker", "warn", text, "sweeptree server start")
    elif worker is not None:
        from sweeptree.engine.server.facts import worker_line

        yield Finding("worker", "ok", worker_line(worker))


def _token() -> Iterator[Finding]:
    """Whether there is a token, never which."""
    names = [name for name in _TOKENS if os.environ.get(name)]
    if names:
        yield Finding("token", "ok", f"{names[0]} is set")
    elif shutil.which("gh"):
        yield Finding("token", "ok", "no token in the environment; the gh program is there")
    else:
        yield Finding(
            "token",
            "warn",
            "none: sweeps run, pull requests cannot be made",
            "export GITHUB_TOKEN=...",
        )


def _writable(name: str, folder: Path, hint: str) -> Finding:
    """Whether the folder, or the first of its parents that exists, can be written."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Finding(name, "ok", f"{folder} can be written")
    return Finding(name, "fail", f"{existing} cannot be written", hint)


CHECKS = (
    ("git", _git),
    ("python", _python),
    ("engine", _engine),
    ("gpus", _gpus),
    ("slots", _slots),
    ("disk", _disk),
    ("server", _server),
    ("token", _token),
)
