"""On a host: a lane's process, started once and looked after.

    start   write what it is to do, and start its process unless one lives (or with `spawn` false:
            a worker of the engine's starts it). One that lives and was given another token is
            killed first: its jobs go on under their keepers, and the new process takes them over
    look    whether it lives, the last lines of its log, and how much room its disk has
    living  the lanes below a folder that live, each with its process

The lock of `alive` is passed to the process and lives exactly as long as it. The standard library
only: it is sent to hosts as it stands here.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

PROGRAM = "sweeptree.hosts.lanes.process"
SHUT_OUT = ("PREFECT_", "GIT_", "SWEEPTREE_")
LINES = 12
END_SECONDS = 10.0  # for the kernel to end a process that was killed
LOOK = 0.02
LOG_END = 16 * 1024
PRIVATE = 0o600


def main(request: dict[str, object], _stream: BinaryIO) -> dict[str, object]:
    """Do what is asked."""
    folder = Path(str(request["folder"]))
    if request["verb"] == "look":
        return {**look(folder), "free": free_space(folder)}
    if request["verb"] == "living":
        return living(folder)
    return start(folder, request)


def start(folder: Path, request: dict[str, object]) -> dict[str, object]:
    """Start the lane's process; of one that lives, who it is; `replaced` is the flow run of one
    that had to go."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    alive = os.open(folder / "alive", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE)
    try:
        access = digest_of_access(str(request["start"]))
        replaced = None
        if not locked(alive):
            note = noted(alive)
            if note.get("access") in (None, access) or not ended(alive, note["pid"]):
                return answer(note, running=True)
            replaced = note["flow_run"]
        write(folder / "start.json", str(request["start"]).encode())
        for name in ("joined", "brought"):
            (folder / name).unlink(missing_ok=True)
        note = {"pid": 0, "flow_run": request["flow_run"], "access": access}
        if request["spawn"]:
            note["pid"] = spawn(folder, str(request["home"]), alive)
            write_note(alive, note)
        return answer(note, running=False, replaced=replaced)
    finally:
        os.close(alive)


def answer(note: dict[str, object], *, running: bool, replaced: object = None) -> dict[str, object]:
    """What the driver is told of a lane's process."""
    told = {"pid": note["pid"], "flow_run": note["flow_run"]}
    return {"running": running, "replaced": replaced, **told}


def digest_of_access(start: str) -> object:
    """What tells one token from another without giving it away; None: there is none."""
    try:
        access = json.loads(start).get("access")
    except (ValueError, AttributeError):
        return None
    if access is None:
        return None
    text = json.dumps(access, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def ended(alive: int, pid: object) -> bool:
    """Whether the process that holds the lock could be ended; the lock is ours then."""
    if not isinstance(pid, int) or pid <= 1:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + END_SECONDS
    while not locked(alive):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK)
    return True


def spawn(folder: Path, home: str, alive: int) -> int:
    """The process of the lane, on its own."""
    log = os.open(
        folder / "lane.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, PRIVATE
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SHUT_OUT)}
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM, str(folder)],
            cwd=folder,
            env={**kept, "SWEEPTREE_HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(alive,),
        )
    finally:
        os.close(log)
    return child.pid


def look(folder: Path) -> dict[str, object]:
    """Whether the lane lives and has reached the server, and what it has said."""
    return {
        "running": lives(folder),
        "joined": (folder / "joined").exists(),
        "lines": last_lines(folder / "lane.log"),
    }


def free_space(folder: Path) -> int:
    """The bytes that are free on the disk of a folder, or of the nearest one above it."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    found = os.statvfs(there)
    return found.f_bavail * found.f_frsize


def living(folder: Path) -> dict[str, object]:
    """Whoever lives below a folder: the lane's name and its PID."""
    try:
        found = list(folder.iterdir())
    except FileNotFoundError:
        return {}
    alive = [each for each in sorted(found) if lives(each)]
    return {each.name: process_of(each) for each in alive}


def process_of(folder: Path) -> object:
    """The PID of a lane that lives."""
    alive = os.open(folder / "alive", os.O_RDONLY | os.O_NOFOLLOW)
    try:
        return noted(alive)["pid"]
    finally:
        os.close(alive)


def lives(folder: Path) -> bool:
    """Whether somebody holds the lock."""
    try:
        alive = os.open(folder / "alive", os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not locked(alive)
    finally:
        os.close(alive)


def locked(file: int) -> bool:
    """Take the lock, without waiting."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def noted(file: int) -> dict[str, object]:
    """Who lives."""
    try:
        found = json.loads(os.pread(file, 4096, 0))
    except ValueError:
        return {"pid": 0, "flow_run": None}
    return dict(found)


def write_note(file: int, note: dict[str, object]) -> None:
    """Say who lives."""
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(note).encode(), 0)


def write(path: Path, data: bytes) -> None:
    """Replace a file that nobody else may read."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(aside, flags, PRIVATE), "wb") as file:
        file.write(data)
        os.fsync(file.fileno())
    aside.replace(path)


def last_lines(path: Path) -> list[str]:
    """The end of a log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_END))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return text.splitlines()[-LINES:]
