"""The remote side of a repository: what stands there, fetching it, and pushing as compare-and-swap.

Hides: credentials that travel in git's environment only, what git and servers say when they refuse,
and that a push whose answer was lost may have happened.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import PushError, Refused
from sweeptree.repository import plumbing
from sweeptree.repository.branches import commit_of

TIMEOUT = 300.0  # seconds for one conversation with a remote
TRIES = 3
_SYMREF = "ref: refs/heads/"
_FETCH = (
    "fetch",
    "--no-tags",
    "--no-write-fetch-head",
    "--quiet",
    "--recurse-submodules=no",
    "--no-auto-maintenance",
)
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
_KINDS = {
    "moved": (
        r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref"
        r"|reference already exists"
    ),
    "auth": (
        r"Authentication failed|could not read (User|Pass)|Permission denied|error: 40[13]"
        r"|Host key verification"
    ),
    "rate-limit": r"returned error: 429",
    "missing": (
        r"Repository not found|not appear to be a git repository|returned error: 404"
        r"|does not exist"
    ),
    "refused": r"remote rejected|pre-receive hook declined|protected branch|GH\d{3}:|denied",
}
_HINTS = {
    "moved": "somebody else pushed to it: look at it, then deliver to another branch",
    "auth": "export GH_TOKEN=<token>   or: gh auth login",
    "rate-limit": "wait a while, then run the same command again",
    "missing": "git remote -v",
    "refused": "the server's words say why; another branch name may be allowed",
    "network": "check the network, then run the same command again",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """Where to push.

    `url` holds no secret; `access`: settings of git that do, only for its environment. `ssh`: the
    command line that stands for ssh, where it is not the user's own; `timeout` in seconds.
    """

    name: str
    url: str
    access: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ssh: str = ""
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True)
class Tips:
    """What stands on a remote: commits by branch, and the branch that its HEAD is on.

    The default branch is always among `branches`, where it has a commit.
    """

    branches: Mapping[str, str]
    default: str | None


def push_url(top: Path, name: str = "origin") -> str | None:
    """The URL that git pushes to for this remote, None when there is no such remote."""
    answer = plumbing.ask(top, "remote", "get-url", "--push", name)
    return None if answer.code else os.fsdecode(answer.out).removesuffix("\n")


def default_branch(top: Path, name: str = "origin") -> str | None:
    """The remote's default branch as this clone remembers it; asks nobody."""
    answer = plumbing.ask(top, "symbolic-ref", "--quiet", "--short", f"refs/remotes/{name}/HEAD")
    return None if answer.code else os.fsdecode(answer.out).strip().removeprefix(f"{name}/")


def tracked_tip(top: Path, branch: str, name: str = "origin") -> str | None:
    """Where this clone last saw a branch of the remote."""
    return commit_of(top, f"refs/remotes/{name}/{branch}")


def tips(top: Path, remote: Remote, branches: Sequence[str]) -> Tips:
    """Ask the remote. One conversation. Raises PushError."""
    wanted = [f"refs/heads/{branch}" for branch in branches]
    answer = _patiently(top, remote, ("ls-remote", "--symref", remote.url, "HEAD", *wanted))
    return _read_tips(os.fsdecode(answer.out).splitlines(), wanted)


def _read_tips(lines: Sequence[str], wanted: Sequence[str]) -> Tips:
    found: dict[str, str] = {}
    default = head = None
    for line in lines:
        value, _, ref = line.partition("\t")
        if ref in wanted:
            found[ref.removeprefix("refs/heads/")] = value
        elif value.startswith(_SYMREF):
            default = value.removeprefix(_SYMREF)
        elif ref == "HEAD":
            head = value
    if default and head:
        found.setdefault(default, head)
    return Tips(found, default)


def was_pushed_here(top: Path, name: str, branch: str, commit: str) -> bool:
    """True when somebody pushed this very commit to the remote's branch from this clone."""
    words = ("log", "--walk-reflogs", "--format=%H %gs", f"refs/remotes/{name}/{branch}", "--")
    entries = os.fsdecode(plumbing.ask(top, *words).out).splitlines()
    return f"{commit} update by push" in entries


def fetch(top: Path, remote: Remote, refs: Mapping[str, str]) -> None:
    """Fetch branches or pull requests into refs of our own: {their ref: our ref}.

    The user's refs stay.
    """
    orders = [f"+{theirs}:{ours}" for theirs, ours in refs.items()]
    _patiently(top, remote, (*_FETCH, remote.url, *orders))


def push(top: Path, remote: Remote, commit: str, branch: str, *, expected: str | None) -> None:
    """Set a branch to a commit if it still is at `expected` (None: if there is no such branch).

    Raises PushError; its kind is `moved` when it is elsewhere. A lost answer is looked after
    before a new try.
    """
    ref = f"refs/heads/{branch}"
    lease = f"--force-with-lease={ref}:{expected or ''}"
    words = (*_PUSH, lease, remote.url, f"{commit}:{ref}")
    for attempt in range(TRIES):
        error = _push_once(top, remote, words, branch)
        if error is None or _has_arrived(top, remote, commit, branch, error):
            return
        if error.kind != "network" or attempt == TRIES - 1:
            raise error
        time.sleep(0.5 * 2**attempt)


def refs(top: Path, remote: Remote, pattern: str) -> dict[str, str]:
    """The refs of the remote that match, with their commits. Raises PushError."""
    answer = _patiently(top, remote, ("ls-remote", "--refs", remote.url, pattern))
    lines = (line.partition("\t") for line in os.fsdecode(answer.out).splitlines())
    return {ref: commit for commit, _, ref in lines}


def push_ref(top: Path, remote: Remote, commit: str, ref: str, *, expected: str | None) -> None:
    """Set a ref that is no branch to a commit, if it still is at `expected` (None: not there).

    Raises PushError; its kind is `moved` when it is elsewhere.
    """
    lease = f"--force-with-lease={ref}:{expected or ''}"
    words = (*_PUSH, lease, remote.url, f"{commit}:{ref}")
    for attempt in range(TRIES):
        error = _push_once(top, remote, words, ref)
        if error is None or refs(top, remote, ref).get(ref) == commit:
            return
        if error.kind != "network" or attempt == TRIES - 1:
            raise error
        time.sleep(0.5 * 2**attempt)


def push_forward(top: Path, remote: Remote, commit: str, branch: str) -> None:
    """Move a branch forward to a commit.

    The remote refuses what is no fast-forward: PushError of kind `moved`.
    """
    words = (*_PUSH, remote.url, f"{commit}:refs/heads/{branch}")
    error = _push_once(top, remote, words, branch)
    if error is None:
        return
    if error.kind == "moved" or not _has_arrived(top, remote, commit, branch, error):
        raise error


def _push_once(top: Path, remote: Remote, words: Sequence[str], branch: str) -> PushError | None:
    answer = _once(top, remote, words)
    return _explain(answer, f"pushing {branch} to {remote.name}") if answer.code else None


def _has_arrived(top: Path, remote: Remote, commit: str, branch: str, error: PushError) -> bool:
    """True when the branch is at the commit all the same: only the answer was lost."""
    if error.kind not in ("network", "moved"):
        return False
    return tips(top, remote, [branch]).branches.get(branch) == commit


def _patiently(top: Path, remote: Remote, words: Sequence[str]) -> plumbing.Answer:
    """A conversation that only reads: repeated a few times when the network fails."""
    for attempt in range(TRIES):
        answer = _once(top, remote, words)
        if not answer.code:
            return answer
        error = _explain(answer, f"reading from {remote.name}")
        if error.kind != "network" or attempt == TRIES - 1:
            raise error
        time.sleep(0.5 * 2**attempt)
    raise AssertionError("unreachable")


def _explain(answer: plumbing.Answer, doing: str) -> PushError:
    output = f"{os.fsdecode(answer.out)}\n{answer.err}"
    kind = _kind(output)
    return PushError(f"{doing}: {_reason(answer)}", kind=kind, stderr=answer.err, hint=_HINTS[kind])


def _kind(output: str) -> str:
    for kind, pattern in _KINDS.items():
        if re.search(pattern, output, re.IGNORECASE):
            return kind
    return "network"


def _reason(answer: plumbing.Answer) -> str:
    """Why a push failed: the status of the ref, the server's own words, git's last complaint."""
    lines = list(filter(None, map(str.strip, answer.err.splitlines())))
    server = [line for line in lines if line.startswith("remote:") and line != "remote:"]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:", "git@"))]
    best = [*_refused_refs(answer.out), *server[:6], *fatal[:2]] or lines[-1:]
    return "; ".join(best or [f"git ended with code {answer.code}"])[:1000]


def _refused_refs(out: bytes) -> list[str]:
    lines = os.fsdecode(out).splitlines()
    return [line.split("\t")[-1] for line in lines if line.startswith("!")]


def _once(top: Path, remote: Remote, words: Sequence[str]) -> plumbing.Answer:
    """One conversation, in a session of its own: nothing in it can ask on the terminal, all of it
    can be stopped."""
    argv = ("git", *plumbing.OPTIONS, *words)
    try:
        process = subprocess.Popen(
            argv,
            cwd=top,
            env=_environment(remote),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Refused(
            "git is not installed, or not on PATH", hint="install git, then try again"
        ) from error
    with process:
        out, err = _conversation(process, remote.timeout)
    shown = plumbing.without_credentials(err.decode("utf-8", "replace"))
    return plumbing.Answer(argv, process.returncode, out, shown)


def _conversation(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
    try:
        return process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return out, err + b"\nfatal: timed out"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def _environment(remote: Remote) -> dict[str, str]:
    env = plumbing.environment({"GIT_ASKPASS": "true", "SSH_ASKPASS_REQUIRE": "never"})
    first = int(env.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate(remote.access, start=first):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    env["GIT_CONFIG_COUNT"] = str(first + len(remote.access))
    if remote.ssh:
        env.update(GIT_SSH_COMMAND=remote.ssh, GIT_SSH_VARIANT="ssh")
    return {name: value for name, value in env.items() if not name.startswith("GIT_TRACE")}
