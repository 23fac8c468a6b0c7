"""The fresh child of a keeper that becomes the job's command.

Hides: how the command comes to its environment: own session, the log as its output, signals as new,
and that it dies with its keeper. Standard library only.
"""

from __future__ import annotations

import os
import signal

from sweeptree.supervise.tree import IGNORED
from sweeptree.system.signalling import PR_SET_PDEATHSIG, prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_NOT_STARTED = 127
_CANNOT_START = "the command cannot be started"


def become_command(
    launch: dict[str, Any], environment: dict[str, str], output: tuple[int, int], keeper: int
) -> NoReturn:
    """Turn this fresh child into the job's command.

    `output` is its log and where to report a failure; `keeper` the PID of the keeper.
    """
    log, report = output
    what = _CANNOT_START
    try:
        _die_with(keeper)
        _redirect(log)
        what = f"the folder {launch['cwd']} cannot be entered"
        os.chdir(launch["cwd"])
        what = _CANNOT_START
        restore_signals()
        # '--' keeps a command that begins with '-' from being read as an option of the shell.
        os.execve("/bin/sh", ["/bin/sh", "-c", "--", launch["command"]], environment)  # noqa: S606
    except Exception as error:
        os.write(report, f"{what}: {_words(error)}".encode(errors="replace"))
    finally:
        os._exit(_NOT_STARTED)


def restore_signals() -> None:
    """Give a command the signals as a fresh process has them: none ignored, none blocked."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _die_with(keeper: int) -> None:
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:  # it died before the line above took effect
        os._exit(_NOT_STARTED)


def _redirect(log: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
