"""On a host: what ended sweeps have left there, and clearing what stands elsewhere.

    clear    {"folder", "brought": {job: [attempts]}, "artifacts", "unbrought"}: the driver has the
             results of these attempts, has left so many files there, and could not bring so many;
             removes the lane's folder and the refs of its jobs' changes, unless something stands
             there alone -> {"why"}
    list     {"folder"}: the lanes below a folder -> {"lanes": [{"name", "why", "bytes",
             "worktrees"}]}; "worktrees": the folder of those that were kept, "" without one
    repair   the same, and removes those that have no reason to stay; "gone" says which

A lane may go once its driver has said that it has all results, as noted in its file `brought`, and
nobody lives there, and nothing is there alone: results that were not told, attempts that did not
count, artifacts that were to stay, files that could not be brought, worktrees that were kept.
The standard library only: it is sent to hosts as it stands here.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

NOTE = "brought"
QUARANTINE = "refs/sweeptree/quarantine"
LIVES = "it lives"
UNKNOWN = "no driver has said that it has all results"
_GOING = ".going-"
_STARTED = re.compile(r"job_(\d{1,9})\.(\d{1,9})\.started")
_WORKTREE = re.compile(r"(job|slot)_.*")


def main(request: dict[str, Any], _stream: BinaryIO) -> dict[str, Any]:
    """Do what is asked."""
    folder = Path(request["folder"])
    if request["verb"] == "clear":
        note = {name: request[name] for name in ("brought", "artifacts", "unbrought")}
        return {"why": clear(folder, note)}
    removes = request["verb"] == "repair"
    return {"lanes": [told(lane, removes=removes) for lane in lanes_below(folder)]}


def lanes_below(folder: Path) -> list[Path]:
    """The lanes, and what is left of those whose removal was cut short."""
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink())
    except FileNotFoundError:
        return []


def told(lane: Path, *, removes: bool) -> dict[str, Any]:
    """What a lane is, how large, why it stays, and whether it is gone now."""
    size = size_of(lane)
    kept = worktrees_of(lane)
    if lane.name.startswith(_GOING):
        why = ""
        if removes:
            shutil.rmtree(lane, ignore_errors=True)
    else:
        why = clear(lane) if removes else why_not(lane)
    return {
        "name": lane.name,
        "why": why,
        "bytes": size,
        "gone": removes and not why,
        "worktrees": str(kept[0].parent) if kept else "",
    }


def why_not(lane: Path) -> str:
    """Why a lane cannot go; "" when it may."""
    with held(lane) as is_ours:
        return reason_to_stay(lane, noted(lane)) if is_ours else LIVES


def clear(lane: Path, note: dict[str, Any] | None = None) -> str:
    """Remove a lane, or say why it stays; `note`: what its driver says of it now."""
    if not lane.is_dir():
        return ""
    if note is not None:
        write(lane / NOTE, note)
    with held(lane) as is_ours:
        if not is_ours:
            return LIVES
        why = reason_to_stay(lane, noted(lane))
        if not why:
            remove(lane)
        return why


def reason_to_stay(lane: Path, note: dict[str, Any] | None) -> str:
    """What stands there alone, or may be wanted still."""
    if note is None:
        return UNKNOWN
    untold = [each for each in files_in(lane / "outbox") if each.name.startswith("job_")]
    if untold:
        return f"{counted(len(untold), 'result was', 'results were')} not told"
    if any_keeper_lives(lane):
        return "a job runs"
    uncounted = attempts_begun(lane) - attempts_brought(note)
    if uncounted:
        return uncounted_words(len(uncounted))
    if note["artifacts"]:
        files = counted(note["artifacts"], "file stays", "files stay")
        return f"{files} there by --artifacts keep-remote"
    if note["unbrought"]:
        files = counted(note["unbrought"], "file", "files")
        return f"{files} could not be brought to the driver"
    kept = worktrees_of(lane)
    if kept:
        worktrees = counted(len(kept), "worktree was", "worktrees were")
        return f"{worktrees} kept in {kept[0].parent}"
    return ""


def uncounted_words(many: int) -> str:
    """Why attempts keep a lane."""
    if many == 1:
        return "1 attempt did not count, or was lost; its files are there alone"
    return f"{many} attempts did not count, or were lost; their files are there alone"


def counted(many: int, one: str, more: str) -> str:
    """`1 file stays`, `3 files stay`."""
    return f"{many} {one if many == 1 else more}"


def attempts_brought(note: dict[str, Any]) -> set[tuple[int, int]]:
    """The attempts of which the driver has all."""
    brought = note["brought"]
    return {(int(job), number) for job, numbers in brought.items() for number in numbers}


def attempts_begun(lane: Path) -> set[tuple[int, int]]:
    """The attempts whose command has begun here."""
    matches = (_STARTED.fullmatch(each.name) for each in states_of(lane))
    return {(int(match[1]), int(match[2])) for match in matches if match}


def any_keeper_lives(lane: Path) -> bool:
    """Whether a job of the lane runs, without the lane or with it."""
    return any(is_locked(each) for each in states_of(lane) if ".alive" in each.name)


def states_of(lane: Path) -> list[Path]:
    """The files of its attempts."""
    return [each for state in (lane / "results").glob("*/.state") for each in files_in(state)]


def files_in(folder: Path) -> list[Path]:
    """The plain files in a folder."""
    try:
        return [each for each in folder.iterdir() if each.is_file() and not each.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def worktrees_of(lane: Path) -> list[Path]:
    """The worktrees of its experiment that stand in the host's repository."""
    cache, exp = repository_of(lane)
    if cache is None:
        return []
    folder = cache / ".sweeptree" / "wt" / exp
    try:
        return sorted(each for each in folder.iterdir() if is_worktree(each))
    except FileNotFoundError:
        return []


def is_worktree(path: Path) -> bool:
    """Whether this is a worktree; its card and its index stand beside it, with its name."""
    is_folder = path.is_dir() and not path.is_symlink()
    return is_folder and _WORKTREE.fullmatch(path.name) is not None


def repository_of(lane: Path) -> tuple[Path | None, str]:
    """The host's repository, and the name of the experiment."""
    try:
        spec = json.loads((lane / "start.json").read_bytes())["order"]["spec"]
        return Path(spec["repo"]), str(spec["exp_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""


def remove(lane: Path) -> None:
    """Take away refs and folder; it is no lane any more from its first step on."""
    cache, _ = repository_of(lane)
    if cache is not None and cache.is_dir():
        drop_refs(cache, lane.name)
    aside = lane.with_name(f"{_GOING}{secrets.token_hex(4)}")
    lane.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def drop_refs(cache: Path, sweep: str) -> None:
    """Delete the refs of what the jobs of a sweep changed. Raises OSError."""
    form = "--format=delete %(refname)"
    orders = git(cache, b"", "for-each-ref", form, f"{QUARANTINE}/{sweep}/")
    if orders:
        git(cache, orders, "update-ref", "--stdin")


def git(cache: Path, data: bytes, *words: str) -> bytes:
    """Run git. Raises OSError with its words."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0")
    argv = ["git", *quiet, *words]
    done = subprocess.run(argv, cwd=cache, env=variables, input=data, capture_output=True)
    if done.returncode:
        raise OSError(None, done.stderr.decode(errors="replace").strip()[-400:])
    return done.stdout


@contextlib.contextmanager
def held(lane: Path) -> Iterator[bool]:
    """Whether the lane's lock is ours meanwhile: then no lane lives there, and none can begin."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(lane / "alive", flags, 0o600)
    try:
        yield locked(file)
    finally:
        os.close(file)


def locked(file: int) -> bool:
    """Take the lock, without waiting."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether somebody else holds a file's lock."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not locked(file)
    finally:
        os.close(file)


def noted(lane: Path) -> dict[str, Any] | None:
    """What the driver has said of the lane; None: nothing, or nothing that can be read."""
    try:
        found = json.loads((lane / NOTE).read_bytes())
        attempts_brought(found)
        counts = {name: int(found.get(name, 0)) for name in ("artifacts", "unbrought")}
        return {"brought": found["brought"], **counts}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(path: Path, note: dict[str, Any]) -> None:
    """Replace a file as a whole."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(note))
    aside.replace(path)


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - by the million
    return total
