"""Runs git on a node: no hooks, a committer of its own, none of the caller's GIT_*.

Hides that a child must not inherit the keeper's blocked signals.
"""

from __future__ import annotations

import os
import signal

from sweeptree.supervise.files import SetupError
from sweeptree.system.quiet_git import OPTIONS

# Without a committer git asks for the host's name, which takes 10 s where the DNS is dead.
_NAME, _MAIL = "sweeptree", "sweeptree@localhost"
_WHO = {
    "GIT_AUTHOR_NAME": _NAME,
    "GIT_AUTHOR_EMAIL": _MAIL,
    "GIT_COMMITTER_NAME": _NAME,
    "GIT_COMMITTER_EMAIL": _MAIL,
}
_MOST_WORDS = 4096


def git(folder: str, *words: str, data: bytes = b"", index: str = "") -> bytes:
    """What git prints when it reads `data`; `index`: a file in place of the worktree's own.

    Raises SetupError with git's own words, also when there is no git.
    """
    environ = environment()
    if index:
        environ["GIT_INDEX_FILE"] = index
    code, out, err = run(["git", "-C", folder, *OPTIONS, *words], environ, data)
    if code:
        what = words[0] if not words[0].startswith("-") else "git"
        said = _telling_line(err) or f"exit code {code}"
        raise SetupError(f"`git {what}` failed on {os.uname().nodename}: {said}")
    return out


def environment() -> dict[str, str]:
    """The environment that git runs in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **_WHO, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def run(argv: list[str], environ: dict[str, str], data: bytes = b"") -> tuple[int, bytes, str]:
    """Run a program to its end: exit code, output, complaints. Raises SetupError if there is none
    of this name."""
    reading, writing = os.pipe()
    complaints, given = os.memfd_create("complaints"), _file_of(data)
    redirected = (
        (os.POSIX_SPAWN_DUP2, given, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_DUP2, complaints, 2),
    )
    try:
        pid = _spawned(argv, environ, redirected)
        os.close(writing)
        out = _all_of(reading)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return code, out, os.pread(complaints, _MOST_WORDS, 0).decode(errors="replace")
    finally:
        for file in (reading, complaints, given):
            os.close(file)


def _file_of(data: bytes) -> int:
    """An open file with this in it, read from its beginning."""
    file = os.memfd_create("data")
    while data:
        data = data[os.write(file, data) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _spawned(
    argv: list[str], environ: dict[str, str], redirected: tuple[tuple[object, ...], ...]
) -> int:
    try:
        return os.posix_spawnp(
            argv[0],
            argv,
            environ,
            file_actions=redirected,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE,),
        )
    except FileNotFoundError as error:
        raise SetupError(f"there is no {argv[0]} on {os.uname().nodename}") from error


def _all_of(pipe: int) -> bytes:
    parts = []
    while part := os.read(pipe, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def _telling_line(err: str) -> str:
    lines = [line for line in err.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return next(iter(telling or lines), "")
