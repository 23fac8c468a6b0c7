"""On a host: runs a set-up command once in a clone of its own, and says what it made.

    {"cache", "commit", "command", "place", "timeout"} -> {"top", "paths"} or {"failed", "lines"}

`top` is the clone, `paths` what the command made there that git ignores. The clone stays, because
environments know the folder that they were made in. The standard library only: it is sent to hosts
as it stands here.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, BinaryIO

_SHOWN = 10
_CURE = "install what the project needs without the project: uv sync --no-install-project"
_CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")


def main(request: dict[str, Any], _stream: BinaryIO) -> dict[str, Any]:
    """What the command made, now or earlier."""
    place = Path(request["place"])
    place.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    lock_file = place.with_name(f"{place.name}.lock")
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = place / "made.json"
        if made.is_file():
            text = made.read_text()
            return dict(json.loads(text))
        answer = set_up(place, request)
        if "failed" not in answer:
            text = json.dumps(answer)
            aside = made.with_suffix(".part")
            aside.write_text(text)
            aside.replace(made)
        return answer


def set_up(place: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Clone, run, look at what there is."""
    shutil.rmtree(place, ignore_errors=True)
    top = place / "tree"
    words = ("clone", "-q", "--shared", "--no-checkout", request["cache"], str(top))
    git(place.parent, *words)
    git(top, "checkout", "-q", "--detach", request["commit"])
    log = place / "log"
    timeout = request["timeout"]
    code = run(request["command"], top, log, timeout)
    if code != 0:
        return failed(log, code, timeout)

    paths = made_paths(top)
    leading = leading_back(top, paths)
    if leading:
        why = f"{leading} leads imports into {top}, not into a job's own worktree"
        return {"failed": why, "lines": [_CURE]}
    return {"top": str(top), "paths": paths}


def made_paths(top: Path) -> list[str]:
    """What git ignores there, each folder as one; caches are not worth a link."""
    words = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    listing = os.fsdecode(git(top, *words))
    found = [path.rstrip("/") for path in listing.split("\0") if path]
    return [path for path in found if Path(path).name not in _CACHES]


def run(command: str, top: Path, log: Path, timeout: float) -> int | None:
    """The command's exit code; None when it had to be ended."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=top,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the command's session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def failed(log: Path, code: int | None, timeout: float) -> dict[str, Any]:
    """Why there is no set-up, with the end of its output."""
    text = log.read_text(errors="replace")
    lines = text.splitlines()[-_SHOWN:]
    how = f"did not end within {timeout:g} s" if code is None else f"ended with {code}"
    return {"failed": f"the set-up command {how}", "lines": lines}


def leading_back(top: Path, paths: list[str]) -> str:
    """A file of an editable install: with it every job would import the code of this clone."""
    for path in paths:
        for file in editable_files(top / path):
            text = file.read_text(errors="replace")
            if str(top) in text:
                return str(file.relative_to(top))
    return ""


def editable_files(folder: Path) -> list[Path]:
    """The files by which installers lead imports elsewhere."""
    lists = folder.rglob("*.pth")
    finders = folder.rglob("__editable__*.py")
    return sorted([*lists, *finders])


def git(cwd: Path, *words: str) -> bytes:
    """Run git. Raises OSError with its words."""
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0")
    argv = ["git", *quiet, *words]
    done = subprocess.run(argv, cwd=cwd, env=environment(), capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        raise OSError(None, said.strip()[-400:])
    return done.stdout


def environment() -> dict[str, str]:
    """The variables without those that lead git elsewhere."""
    mine = dict(os.environ)
    for name in os.environ:
        if name.startswith("GIT_"):
            del mine[name]
    return mine
