"""`sweeptree doctor`: what works on this machine and what does not, each with the next command."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.finding import Finding
from sweeptree.cli.screens.terminal import printable, write_out
from sweeptree.errors import SweeptreeError

_OLDEST_GIT = (2, 31)
_LEAST_FREE = 2 * 1024**3
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")


def doctor(
    *,
    repair: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Check git, Python, GPUs, disk, the Prefect server, tokens and the repository.

    Exit code 1 when one fails.

    Parameters
    ----------
    repair
        Put right what crashes have left: half-made worktrees, stale records, processes without a keeper, dead
        places in the queue for GPU slots, the note of a dead server, its broken database; and give quarantined GPUs out
        again.
    as_json
        Print one JSON document.
    """
    findings = [finding for check in _CHECKS for finding in _guarded(check)]
    findings += _guarded(lambda: _quarantine(repair=repair))
    findings += _guarded(lambda: _repository(repair=repair))
    findings += _guarded(lambda: _remains(repair=repair))
    if as_json:
        write_out(
            json.dumps({"checks": [asdict(finding) for finding in findings]}, indent=1) + "\n"
        )
    else:
        write_out("\n".join(line for finding in findings for line in _lines(finding)) + "\n")
    return int(any(finding.level == "fail" for finding in findings))


def _lines(finding: Finding) -> list[str]:
    line = f"{finding.level:<5} {finding.name:<11} {printable(finding.text)}"
    return [line, f"      {'':<11} {finding.hint}"] if finding.hint else [line]


def _guarded(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """A check that cannot be made is itself a finding."""
    try:
        return list(check())
    except SweeptreeError as error:
        return [Finding(_name(check), "fail", error.message, "; ".join(error.hint))]
    except OSError as error:
        return [Finding(_name(check), "fail", f"cannot be checked: {error}")]


def _name(check: Callable[..., object]) -> str:
    return getattr(check, "__name__", "check").strip("_<>").replace("lambda", "repository")


def _git() -> Iterator[Finding]:
    program = shutil.which("git")
    if program is None:
        yield Finding("git", "fail", "git is not installed", "install git 2.31 or newer")
        return
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20)
    found = re.search(r"(\d+)\.(\d+)(\S*)", done.stdout)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    text = done.stdout.strip() or done.stderr.strip()
    if version < _OLDEST_GIT:
        yield Finding(
            "git",
            "fail",
            f"{text} is too old for worktrees as sweeptree uses them",
            "install git 2.31 or newer",
        )
    else:
        yield Finding("git", "ok", f"{text}, worktrees supported")


def _python() -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    text = f"{platform.python_version()} on {platform.system()}"
    yield Finding(
        "python", "ok" if good else "fail", text, "" if good else "use Python 3.11, 3.12 or 3.13"
    )
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


def _quarantine(*, repair: bool) -> Iterator[Finding]:
    """GPUs that failed under a job; a restart of the machine lifts their quarantine too."""
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

    folder = Settings().slot_dir
    yield _writable("slots", folder, "SWEEPTREE_SLOT_DIR names another folder for the slots' locks")


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    enough = free >= _LEAST_FREE
    hint = "" if enough else "sweeptree run --results_dir puts results elsewhere"
    yield Finding("disk", "ok" if enough else "warn", f"{free / 1e9:.1f} GB free here", hint)


def _server() -> Iterator[Finding]:
    from sweeptree.settings import Settings

    home = Settings().home
    yield _writable("home", home, "SWEEPTREE_HOME names another folder for the server's database")
    if os.environ.get("PREFECT_API_URL"):
        yield Finding("server", "ok", "PREFECT_API_URL is set: that Prefect server is used")
        return
    from sweeptree.engine import server

    running = server.status(home)
    if running is None:
        yield Finding("server", "ok", "not running; the first sweep starts it")
    else:
        yield Finding("server", "ok", f"runs: {running.ui_url}")


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
    """Whether the folder, or the first of its parents that exists, can be written; nothing is made."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Finding(name, "ok", f"{folder} can be written")
    return Finding(name, "fail", f"{existing} cannot be written", hint)


def _repository(*, repair: bool) -> Iterator[Finding]:
    from sweeptree import repository, worktrees

    try:
        repo = repository.find_repository(Path.cwd())
    except SweeptreeError as error:
        yield Finding("repository", "warn", error.message, "; ".join(error.hint))
        return
    yield Finding("repository", "ok", f"{repo.top}{' (shallow)' if repo.is_shallow else ''}")
    half_made = [*_half_made(repo.common_dir), *worktrees.abandoned(repo)]
    if repair:
        for done in worktrees.repair(repo):
            yield Finding("repaired", "ok", done)
    elif half_made:
        text = f"{len(half_made)} half-made or missing worktrees: {', '.join(half_made[:5])}"
        yield Finding("worktrees", "warn", text, "sweeptree doctor --repair")
    else:
        yield Finding("worktrees", "ok", "none is half-made")


def _remains(*, repair: bool) -> Iterator[Finding]:
    from sweeptree.cli.remains import remains

    return remains(repair=repair)


def _half_made(common_dir: Path) -> Iterator[str]:
    """Names of registered worktrees whose folder is missing or whose making was cut short; only
    looked at."""
    registered = common_dir / "worktrees"
    for entry in sorted(registered.iterdir()) if registered.is_dir() else ():
        pointer, locked = entry / "gitdir", entry / "locked"
        try:
            there = Path(pointer.read_text().strip()).exists()
            cut_short = locked.exists() and locked.read_text().strip() == "initializing"
        except (OSError, UnicodeDecodeError):
            there, cut_short = False, True
        if cut_short or (not there and not locked.exists()):
            yield entry.name


_CHECKS = (_git, _python, _engine, _gpus, _slots, _disk, _server, _token)
