"""On a host: the bare repository that holds a project's commits, and whether one of them is whole.

    look   make the repository if need be, say whether the commit is there; bring it from the
           origin while the repository is new
    pack   take in the pack that follows on stdin
    set    let settings of the repository have values

A ref `refs/sweeptree/pinned/<commit>` is made only once everything that the commit leads to is
there. The standard library only: it is sent to hosts as it stands here.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PINNED = "refs/sweeptree/pinned"
ORIGIN = "refs/sweeptree/origin"
SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsync": "committed,reference",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "receive.autogc": "false",
}
_TIPS = 200
_LOOK_SECONDS = 8.0  # for the origin to say that it is there
_FETCH_SECONDS = 600.0
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=5"
_ALONE = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_SSH_COMMAND": _SSH,
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
}


def main(request: dict[str, str], stream: BinaryIO) -> dict[str, object]:
    """Do what is asked."""
    place = request["cache"]
    Path(place).parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    with locked(f"{place}.lock"):
        if request["verb"] == "set":
            must(place, "config", request["key"], request["value"])
            return {}
        make(place, request["format"])
        if request["verb"] == "pack":
            return take_pack(place, request["commit"], stream)
        return look(place, request)


@contextmanager
def locked(path: str) -> Iterator[None]:
    """One at a time, however many are sent here at once."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def make(place: str, kind: str) -> None:
    """The repository, whole or not at all."""
    if Path(place).is_dir():
        return
    half = tempfile.mkdtemp(prefix=".half-", dir=Path(place).parent)
    try:
        new = f"{half}/new.git"
        must(half, "init", "-q", "--bare", "--template=", f"--object-format={kind}", new)
        for name, value in SETTINGS.items():
            must(new, "config", name, value)
        Path(new).rename(place)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def look(place: str, request: dict[str, str]) -> dict[str, object]:
    """Whether the commit is there, and what else is."""
    commit = request["commit"]
    if is_whole(place, commit):
        return {"there": True, "how": "there"}
    tips = git(
        place, "for-each-ref", f"--count={_TIPS}", "--sort=-creatordate", "--format=%(objectname)"
    )
    has = tips.stdout.decode().split()
    why = "" if has else from_origin(place, request)
    if not has and is_whole(place, commit):
        return {"there": True, "how": "origin"}
    return {"there": False, "has": has, "why": why}


def is_whole(place: str, commit: str) -> bool:
    """Whether all of the commit is there; it then has its ref."""
    ref = f"{PINNED}/{commit}"
    if not git(place, "cat-file", "-e", f"{ref}^{{tree}}").returncode:
        return True
    if git(place, "cat-file", "-e", f"{commit}^{{tree}}").returncode:
        return False
    if git(place, "rev-list", "--objects", "--quiet", commit, "--not", "--all").returncode:
        return False
    must(place, "update-ref", ref, commit)
    return True


def from_origin(place: str, request: dict[str, str]) -> str:
    """Fetch the branch that holds the commit; why not, when that cannot be done."""
    url, branch = request["origin"], request["branch"]
    if not url or not branch:
        return ""
    ref = f"refs/heads/{branch}"
    asked = git(place, "ls-remote", "--", url, ref, seconds=_LOOK_SECONDS)
    if asked.returncode or not asked.stdout.strip():
        return last_line(asked.stderr) or "it has no such branch"
    order = f"+{ref}:{ORIGIN}/{branch}"
    words = ("fetch", "-q", "--no-tags", "--no-write-fetch-head", "--", url, order)
    fetched = git(place, *words, seconds=_FETCH_SECONDS)
    return last_line(fetched.stderr) if fetched.returncode else ""


def take_pack(place: str, commit: str, stream: BinaryIO) -> dict[str, object]:
    """Take in a pack, and see that with it the commit is whole."""
    words = ("index-pack", "--stdin", "--fix-thin")
    process = subprocess.Popen(
        ["git", *words],
        cwd=place,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with process:
        copy(stream, process)
        err = process.stderr.read() if process.stderr else b""
    if process.returncode:
        return refused(err)
    return {"there": is_whole(place, commit), "how": "pack"}


def copy(stream: BinaryIO, process: "subprocess.Popen[bytes]") -> None:
    """Hand on what comes; a reader that has gone says why itself."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        shutil.copyfileobj(stream, process.stdin)
    with contextlib.suppress(BrokenPipeError):  # it writes what is left
        process.stdin.close()


def refused(err: bytes) -> dict[str, object]:
    """What git would not do, as an answer; a full disk is told apart."""
    is_full = b"No space left" in err
    number = errno.ENOSPC if is_full else None
    return {"error": last_line(err), "errno": number}


def last_line(err: bytes) -> str:
    """The line of git's complaint that says most."""
    text = err.decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    chosen = [*telling, *lines[-1:], "git failed"]
    return chosen[0][:400]


def environment() -> dict[str, str]:
    """Git alone: nobody to ask, and no variables that lead it elsewhere."""
    mine = dict(os.environ)
    for name in os.environ:
        if name.startswith("GIT_"):
            del mine[name]
    return {**mine, **_ALONE}


def git(
    place: str, *words: str, seconds: float | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run git to its end, or end it with all that it started."""
    process = subprocess.Popen(
        ["git", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", *words],
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += b"\nfatal: timed out"
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def must(place: str, *words: str) -> None:
    """Run git; OSError when it does not do it."""
    done = git(place, *words)
    if done.returncode:
        answer = refused(done.stderr)
        raise OSError(answer["errno"], str(answer["error"]))
