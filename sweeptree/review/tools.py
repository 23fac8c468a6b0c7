"""Other people's tools as subprocesses: where they are found, and how they are run.

Found in the repository's environment, on PATH, or beside sweeptree. They see no token, are ended
with all their children after a time limit, and their output is read up to a bound. A missing tool
is no error.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sweeptree.supervise import without_own_venv
from sweeptree.supervise.environment import is_secret

_ENVIRONMENTS = (".venv", "venv", "env")
_MOST_OUTPUT = 32_000_000  # bytes
TIMEOUT = 300.0


class ToolTrouble(Exception):  # noqa: N818 - a reason to go without, not a fault
    """The tool did not do its work; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool said."""

    code: int
    out: str
    err: str


def find_tool(name: str, *homes: Path) -> str | None:
    """The program: of the repository's checkouts, on PATH, or ours; None where there is none."""
    folders = [str(folder / "bin") for folder in environments(*homes)]
    path = without_own_venv(os.environ).get("PATH", os.defpath)
    places = os.pathsep.join([*folders, path, str(Path(sys.executable).parent)])
    return shutil.which(name, path=places)


def environments(*homes: Path) -> list[Path]:
    """The Python environments that a repository is worked on with, nearest first."""
    places = [home / name for home in homes for name in _ENVIRONMENTS]
    found = [place for place in places if (place / "pyvenv.cfg").is_file()]
    named = without_own_venv(os.environ).get("VIRTUAL_ENV")
    if named and Path(named, "pyvenv.cfg").is_file() and Path(named) != Path(sys.prefix):
        found.append(Path(named))
    return found


def run_tool(
    argv: Sequence[str],
    cwd: Path,
    *,
    timeout: float = TIMEOUT,
    extra: Mapping[str, str] | None = None,
) -> ToolAnswer:
    """Run a tool to its end. Raises ToolTrouble when it cannot be started or takes too long."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=_environment(extra or {}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolTrouble(f"{argv[0]} cannot be started: {error.strerror}") from error
        code = _wait(process, Path(argv[0]).name, timeout)
        return ToolAnswer(code, _text(out), _text(err))


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours without tokens: the configuration of the code under review may name plugins to load."""
    kept = {name: value for name, value in os.environ.items() if _may_pass(name, value)}
    return {**kept, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", **extra}


def _may_pass(name: str, value: str) -> bool:
    is_ours = name.startswith(("SWEEPTREE_", "PREFECT_", "GIT_", "PYTEST_"))
    return not is_ours and not is_secret(name, value)


def _wait(process: subprocess.Popen[bytes], name: str, timeout: float) -> int:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise ToolTrouble(f"{name} took more than {timeout:.0f} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read(_MOST_OUTPUT).decode("utf-8", "replace")


def json_of(answer: ToolAnswer, name: str) -> Any:
    """The JSON that a tool printed. Raises ToolTrouble with its own last words."""
    try:
        return json.loads(answer.out)
    except ValueError:
        words = (answer.err or answer.out).strip().splitlines()
        last = words[-1][:200] if words else "it printed nothing"
        raise ToolTrouble(f"{name} ended with code {answer.code}: {last}") from None
