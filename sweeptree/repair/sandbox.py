"""What a coding agent may touch: bubblewrap where there is one, and the environment that it sees.

In the sandbox the machine is read-only but for the agent's worktree, its git folder, a private
/tmp, and the folder in which that agent keeps its own login and sessions. Places where other tools
keep tokens are empty. Its own processes are all that it sees. The network stays: an agent needs its
model.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree import supervise
from sweeptree.supervise.environment import is_secret

_PASSED = frozenset((
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ", "VIRTUAL_ENV",
    "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
))  # fmt: skip
EMPTY = "empty"  # stands for files that an agent may not read: a device would not open
_TMP_BYTES = 256 * 1024**2
_FILE_BYTES = 128 * 1024**2
# Where the well-known tools of this machine keep what opens doors.
_SECRET_FOLDERS = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".prefect", ".config/gh",
    ".config/glab-cli", ".config/gcloud", ".config/hub", ".config/rclone",
    ".local/share/keyrings", ".local/state/sweeptree", ".password-store", ".cache/huggingface",
    ".huggingface", ".kaggle", ".mozilla", ".config/google-chrome", ".thunderbird",
)  # fmt: skip
_SECRET_FILES = (
    ".netrc", ".git-credentials", ".config/git/credentials", ".pypirc", ".npmrc", ".yarnrc.yml",
    ".pgpass", ".my.cnf", ".boto", ".s3cfg", ".vault-token", ".bash_history", ".zsh_history",
    ".python_history", ".env",
)  # fmt: skip
# What an agent writes to in the home folder: its own login and sessions, by its command's name.
_AGENT_PLACES = {
    "claude": (".claude", ".claude.json"),
    "codex": (".codex",),
    "copilot": (".copilot", ".config/github-copilot"),
    "gemini": (".gemini",),
    "opencode": (".local/share/opencode", ".config/opencode"),
    "aider": (".aider",),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent works.

    `top`: its worktree; `git`: the git folder of that; `objects`: what git reads the history from;
    `files`: a folder that it may read (the prompt), with the empty file EMPTY; `hidden`: files and
    folders that are empty for it.
    """

    top: Path
    git: Path
    objects: Path
    files: Path
    hidden: tuple[Path, ...] = ()


def agent_environment(environ: Mapping[str, str], keep: Collection[str]) -> dict[str, str]:
    """What an agent sees: a short list of variables, no secret, and those that were named."""
    passed = {name: value for name, value in environ.items() if _passes(name, value, keep)}
    return supervise.without_own_venv(passed)


def _passes(name: str, value: str, keep: Collection[str]) -> bool:
    if name in keep:
        return True
    is_known = name in _PASSED or name.startswith(("LC_", "XDG_"))
    return is_known and not is_secret(name, value)


def find_sandbox() -> str | None:
    """The bubblewrap that works here; None where there is none, or where it may not do its work."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    words = (program, "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "true")
    try:
        tried = subprocess.run(words, capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if tried.returncode else program


def sandboxed(command: str, place: Place, home: Path, program: str | None) -> str:
    """The shell line that runs a command in the sandbox, or with limits alone where there is none.

    A file may have 128 MiB.
    """
    limit = f"ulimit -f {_FILE_BYTES // 512} 2>/dev/null; ulimit -c 0 2>/dev/null"
    inner = shlex.join(["/bin/sh", "-c", "--", command])
    if program is None:
        return f"{limit}; exec {inner}"
    words = [program, *_arguments(command, place, home)]
    return f"{limit}; exec {shlex.join(words)} {inner}"


def _arguments(command: str, place: Place, home: Path) -> Iterator[str]:
    yield from ("--die-with-parent", "--unshare-pid", "--unshare-ipc", "--ro-bind", "/", "/")
    yield from ("--dev", "/dev", "--proc", "/proc")
    yield from ("--size", str(_TMP_BYTES), "--tmpfs", "/tmp")  # noqa: S108 - the sandbox's own
    yield from _without_secrets(home, place)
    for name in _agent_places(command):
        yield from ("--bind-try", str(home / name), str(home / name))
    yield from ("--ro-bind", str(place.objects), str(place.objects))
    yield from ("--ro-bind", str(place.files), str(place.files))
    for folder in (place.top, place.git):
        yield from ("--bind", str(folder), str(folder))
    yield from ("--chdir", str(place.top))


def _without_secrets(home: Path, place: Place) -> Iterator[str]:
    known = (home / name for name in (*_SECRET_FOLDERS, *_SECRET_FILES))
    for path in (*known, *place.hidden, Path("/run/user")):
        if path.is_dir():
            yield from ("--tmpfs", str(path.resolve()))
        elif path.is_file():
            yield from ("--ro-bind", str(place.files / EMPTY), str(path.resolve()))


def _agent_places(command: str) -> tuple[str, ...]:
    """The places of the agent that a command line begins with; none for any other command."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ()
    programs = [word for word in words if "=" not in word]
    return _AGENT_PLACES.get(Path(programs[0]).name, ()) if programs else ()
