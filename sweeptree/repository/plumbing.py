"""How git is run: a clean environment, no hooks, bounded patience with other people's locks, errors
that help.

Hides: which GIT_* variables may pass, the options that keep a repository's hooks and monitors
quiet, the messages by which git says that it lost a race, and the one lock for changes of a
repository's worktrees.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import GitError, Refused
from sweeptree.system import locks, quiet_git

LOCK_NAME = "sweeptree.lock"
# Who is in reflogs where git was told of nobody. It reads EMAIL last; without it, it asks DNS for
# this machine's name: 10 s for each `git worktree add` where no server answers.
NOBODY = "sweeptree@localhost"
LOCK_PATIENCE = 600.0  # seconds; the lock is held for milliseconds, and dies with its holder
GIT_LOCK_PATIENCE = 5.0  # seconds that a lock file of git may be in the way
RACE_PATIENCE = 8  # tries for a race that somebody else's `git worktree add` won
DURABLE = ("-c", "core.fsync=committed,reference")
# Writes many files with as many processes as there are cores; below 100 files git stays with one.
CHECKOUT = ("-c", "checkout.workers=0")
OPTIONS = quiet_git.OPTIONS

_MAY_PASS = re.compile(
    r"GIT_(AUTHOR|COMMITTER)_|GIT_CONFIG_|GIT_SSH|GIT_SSL_|GIT_EXEC_PATH$|GIT_ASKPASS$"
    r"|GIT_ALLOW_PROTOCOL$|GIT_HTTP_PROXY_AUTHMETHOD$|GIT_CEILING_DIRECTORIES$"
    r"|GIT_LFS_|GIT_DISCOVERY_ACROSS_FILESYSTEM$"
)
_LOCK_FILE = re.compile(
    r"(?:Unable to create|could not lock config file) '?([^'\n]+?)(?:\.lock)?'?: File exists"
)
_RACE = re.compile(
    r"failed to read .*(commondir|gitdir|HEAD)|could not lock config file|cannot lock ref"
    # pruned while it is made
    r"|could not open '.*/worktrees/[^/]*/(locked|gitdir|commondir|HEAD)' for writing"
)
_CREDENTIALS = re.compile(r"(\w+://)[^/@\s]+@")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment git runs in: GIT_* of the caller's shell must not lead it elsewhere."""
    kept = {name: value for name, value in os.environ.items() if _may_pass(name)}
    kept.update(LC_ALL="C", GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0")
    kept.setdefault("EMAIL", NOBODY)
    kept.update(extra or {})
    return kept


def _may_pass(name: str) -> bool:
    return not name.startswith("GIT_") or _MAY_PASS.match(name) is not None


@dataclass(frozen=True, slots=True)
class Call:
    """What one git command needs beside its words.

    `holds` is a file handle that must live as long as git does; `patience` the seconds to wait for
    a lock file.
    """

    data: bytes = b""
    env: Mapping[str, str] | None = None
    holds: int | None = None
    patience: float = GIT_LOCK_PATIENCE


@dataclass(frozen=True, slots=True)
class Answer:
    """What a git command said."""

    argv: tuple[str, ...]
    code: int
    out: bytes
    err: str

    def error(self) -> GitError:
        """The failure as an error, in git's own words."""
        words = " ".join(_without_options(self.argv))
        reason = _reason(self.err) or f"exit code {self.code}"
        return GitError(f"`git {words}` failed: {reason}", argv=self.argv, stderr=self.err)


def _reason(err: str) -> str:
    """The line of git's complaint that says what was wrong."""
    lines = [line for line in err.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return next(iter(telling or lines), "")


def without_credentials(text: str) -> str:
    """The text with user names and passwords taken out of its URLs."""
    return _CREDENTIALS.sub(r"\1", text)


def _without_options(argv: Sequence[str]) -> list[str]:
    words = list(argv[1:])
    while words[:1] == ["-c"]:
        words = words[2:]
    return words[:6]


def ask(cwd: Path, *words: str, call: Call | None = None) -> Answer:
    """Run git once and return its answer, whatever it is. Raises Refused when there is no git."""
    argv = ("git", *OPTIONS, *words)
    call = call or Call()
    try:
        result = subprocess.run(
            argv,
            cwd=cwd,
            env=environment(call.env),
            input=call.data,
            capture_output=True,
            pass_fds=() if call.holds is None else (call.holds,),
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise GitError(f"the folder {cwd} is gone", argv=argv) from error
        raise Refused(
            "git is not installed, or not on PATH", hint="install git, then try again"
        ) from error
    err = without_credentials(result.stderr.decode("utf-8", "replace"))
    shown = tuple(without_credentials(word) for word in argv)
    return Answer(shown, result.returncode, result.stdout, err)


def run(cwd: Path, *words: str, call: Call | None = None) -> bytes:
    """Run git and return its output.

    Waits a bounded time for lock files of others; raises GitError.
    """
    deadline = time.monotonic() + (call or Call()).patience
    while True:
        answer = ask(cwd, *words, call=call)
        if not answer.code:
            return answer.out
        lock = _LOCK_FILE.search(answer.err)
        if lock is None:
            raise answer.error()
        if time.monotonic() > deadline:
            raise _locked(answer, Path(lock.group(1) + ".lock"))
        time.sleep(0.05 + random.random() * 0.05)  # noqa: S311 - spreads the tries


def text(cwd: Path, *words: str) -> str:
    """One value that git prints, without the newline at its end; the value itself may hold
    newlines."""
    return os.fsdecode(run(cwd, *words)).removesuffix("\n")


def names(data: bytes) -> list[str]:
    """The paths in git's NUL-separated output."""
    return [os.fsdecode(part) for part in data.split(b"\0") if part]


def _locked(answer: Answer, lock: Path) -> GitError:
    path = lock if lock.is_absolute() else Path(lock.name)
    try:
        age = f", {time.time() - path.stat().st_mtime:.0f} s old"
    except OSError:
        age = ""
    return GitError(
        f"another git command holds {path}{age}",
        argv=answer.argv,
        stderr=answer.err,
        hint=(
            "wait for it to end; pgrep -a git shows what runs",
            f"if no git runs any more: rm {path}",
        ),
    )


def persist(step: Callable[[], None]) -> None:
    """Repeat a step that somebody else's git can make fail by chance.

    The last failure is raised.
    """
    for attempt in range(RACE_PATIENCE):
        try:
            return step()
        except GitError as error:
            _check_race(error, is_last=attempt == RACE_PATIENCE - 1)
        time.sleep(0.01 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - spreads the tries
    return None


def _check_race(error: GitError, *, is_last: bool) -> None:
    """Raise the error unless another try may help."""
    is_race = bool(_RACE.search(error.stderr))
    if is_race and not is_last:
        return
    if is_race:
        error.hint = ("git worktree prune clears what a killed command left; then try again",)
    raise error


@contextlib.contextmanager
def worktrees_lock(common_dir: Path) -> Iterator[int]:
    """Hold the one lock for changes of this repository's worktrees; yields the locked handle.

    Excludes threads and processes alike. Raises Refused when the repository cannot be written.
    """
    try:
        lock = locks.hold(common_dir / LOCK_NAME, mode=0o666, patience=LOCK_PATIENCE)
    except BlockingIOError:
        raise GitError(
            f"another sweeptree has held {common_dir / LOCK_NAME} for {LOCK_PATIENCE:.0f} s",
            hint="sweeptree status shows what runs",
        ) from None
    except OSError as error:
        raise Refused(
            f"{common_dir} cannot be written: {error.strerror}",
            hint="worktrees need a repository that you may write to",
        ) from error
    with lock as file:
        yield file
