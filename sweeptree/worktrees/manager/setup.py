"""A worktree's set-up command, and what it made, which is made again rather than saved.

Hides how the command is run, and that what it made is kept for the next worktree with the same lock
files.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.manager.losses import is_cache
from sweeptree.worktrees.manager.notes import Note
from sweeptree.worktrees.manager.places import notes_folder
from sweeptree.worktrees.manager.setup_cache import Found, cache_key, keep, status, use

_TICK = 20_000_000  # ns; the coarsest clock of a Linux kernel ticks every 10 ms
_SHOWN = 10
_GRACE = 3.0


@dataclass(frozen=True, slots=True)
class SetUp:
    """How a set-up went.

    `paths`: what it made, below the top, that git ignores; `end`: ns; `how`: in words.
    """

    paths: tuple[str, ...]
    end: int
    how: str
    notes: tuple[str, ...] = ()


def run_setup(
    repo: Repository, top: Path, command: str, environment: Mapping[str, str], *, timeout: float
) -> SetUp:
    """Run the command in a new worktree, or bring what it made for the same lock files earlier.

    Raises Refused with the end of its output when it fails.
    """
    key = cache_key(top, command)
    found = use(repo, key, top) if key else None
    if found is not None:
        return SetUp(found.paths, _settled(), f"{command}: as made before (same lock files)")
    seen, before = status(top), set(_ignored(top))
    log = notes_folder(repo, "logs") / f"{top.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    _run(command, top, environment, log, timeout)
    made = tuple(path for path in _ignored(top) if path not in before and not is_cache(path))
    end = _settled()
    notes = _keep(repo, top, key, Found(made, seen))
    return SetUp(made, end, f"{command}: done, its output is in {log}", notes)


def _keep(repo: Repository, top: Path, key: str | None, found: Found) -> tuple[str, ...]:
    if key is None:
        return ("without a lock file the set-up command runs for each worktree",)
    reason = keep(repo, key, top, found)
    return () if reason is None else (f"the set-up runs again next time: {reason}",)


def _settled() -> int:
    """The time now, after the clock of the file system has passed the last write."""
    time.sleep(_TICK / 1e9)
    return time.time_ns()


def _ignored(top: Path) -> list[str]:
    """Ignored files and folders, each folder as one."""
    words = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return [path.rstrip("/") for path in plumbing.names(plumbing.run(top, *words))]


def _run(
    command: str, top: Path, environment: Mapping[str, str], log: Path, timeout: float
) -> None:
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=top,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    if code != 0:
        raise _failed(command, code, log, timeout)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the command's session."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _failed(command: str, code: int | None, log: Path, timeout: float) -> Refused:
    last = log.read_text(errors="replace").splitlines()[-_SHOWN:]
    log.unlink()
    how = f"did not end within {timeout:g} s" if code is None else f"ended with {code}"
    return Refused(f"the set-up command {how}: {command}", hint=last or "it printed nothing")


def untouched_paths(top: Path, note: Note) -> tuple[str, ...]:
    """What the set-up command made and nobody changed since: a command makes it again."""
    return tuple(path for path in note.setup_paths if not _is_changed(top / path, note.setup_end))


def _is_changed(path: Path, since: int) -> bool:
    """Whether a file below the path was changed after a moment (ns); caches do not count."""
    files = [path] if path.is_symlink() or path.is_file() else _files(path)
    return any(file.lstat().st_ctime_ns > since for file in files)


def _files(top: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(top):
        for name in names:
            file = Path(folder, name)
            if not is_cache(name) and "__pycache__" not in folder:
                yield file
