"""Forks a driver for each line of JSON on standard input, and prints its PID: the sweep runs
without an engine.

The whole of `experiment_orchestrator` runs as it does when there is no server: without a flow run,
by its files. A server for each of a hundred drivers would take minutes. A driver can be told to die
(SIGKILL) at the n-th time of a moment (moments.py).
"""

from __future__ import annotations

import ctypes
import faulthandler
import functools
import importlib
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from moments import MOMENTS

from sweeptree.agents import experiment_orchestrator as agent
from sweeptree.model import Resume, SweepSpec
from sweeptree.model.spec import Extension
from sweeptree.records import SweepPaths
from sweeptree.settings import Settings
from sweeptree.sweep.extend import extend
from sweeptree.sweep.recovery import spec_of

LOADED = pd.__name__  # the aggregates want it; once for all drivers
CLONE_NEWNS, CLONE_NEWPID, MS_REC, MS_PRIVATE = 0x20000, 0x20000000, 0x4000, 0x40000
CAPABILITIES_3, CAP_DAC_OVERRIDE, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 0x20080522, 1, 47, 2


def arm(sentence: str, number: int) -> None:
    """Die at the moment of this sentence, when it comes for the `number`th time."""
    moment = MOMENTS[sentence]
    module, _, dotted = moment.place.partition(":")
    *owners, name = dotted.split(".")
    owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
    real, guard, calls = getattr(owner, name), threading.Lock(), [0]

    @functools.wraps(real)
    def counted(*args: Any, **options: Any) -> Any:
        with guard:
            calls[0] += 1
            mine = calls[0] == number
        if mine and moment.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **options)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, counted)


def become_a_machine() -> None:
    """Go on as the first process of a PID namespace: when it dies, all that it has started dies,
    keepers too."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID):
        os._exit(77)
    pid = os.fork()
    if pid:
        ctypes.CDLL(None).prctl(1, 0)
        os.waitpid(pid, 0)
        os._exit(0)
    libc.prctl(1, signal.SIGKILL)  # the namespace dies with the process that the test knows
    libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    libc.mount(b"proc", b"/proc", b"proc", 0, None)


def become_a_limited_user(user: int, processes: int) -> None:
    """Go on as a user that nobody else is: the limit does not hold for root, and counts all
    processes of a user.

    Files stay within reach, because this Python may stand in a folder of root's.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    os.setgroups([])
    os.setresgid(user, user, user)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    os.setresuid(
        user, user, 0
    )  # what it starts can never become root again; it must, to write its report
    reach = 1 << CAP_DAC_OVERRIDE
    version, masks = (
        (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0),
        (ctypes.c_uint32 * 6)(reach, reach, reach, 0, 0, 0),
    )
    if libc.capset(version, masks) or libc.prctl(
        PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the right to read this Python could not be kept")


def extended(spec: SweepSpec, more: dict[str, Any]) -> SweepSpec:
    """The spec of the sweep as it stands on disk, with `more` if that is anything."""
    paths = SweepPaths(spec.repo / "results" / spec.exp_name)
    if more:
        extend(paths, Extension.model_validate(more), Settings())
    return spec_of(paths)


def drive(order: dict[str, Any]) -> dict[str, Any]:
    """Run one sweep; what came of it."""
    if order["machine"]:
        become_a_machine()
    if order["files"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (order["files"], order["files"]))
    if order["processes"]:
        become_a_limited_user(order["user"], order["processes"])
    for sentence, number in order["die"]:
        arm(sentence, number)
    resume = None if order["resume"] is None else Resume.model_validate(order["resume"])
    spec = SweepSpec.model_validate(order["spec"])
    if order["extension"] is not None:
        spec = extended(spec, order["extension"])
    state = agent.experiment_orchestrator.fn(spec, resume)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "name": state.name,
        "message": state.message,
        "rss_mb": usage.ru_maxrss / 1024,
        "cpu": usage.ru_utime + usage.ru_stime,
    }


def become_driver(order: dict[str, Any]) -> None:
    """In a fresh child: a session, signals and an environment of its own; the report is the last
    thing it writes."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
        os.dup2(file, number)
    faulthandler.register(signal.SIGUSR2, out)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["spec"]["repo"])
    try:
        report = drive(order)
    except BaseException as error:  # told to the test, whatever it is
        traceback.print_exc()
        report = {"name": type(error).__name__, "message": str(error)}
    if order["processes"]:
        os.setresuid(0, 0, 0)
    aside = Path(order["report"] + ".new")
    aside.write_text(json.dumps(report))
    aside.rename(order["report"])


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    hook: Callable[[], None] = sys.stdout.flush
    for line in sys.stdin:
        hook()
        pid = os.fork()
        if pid == 0:
            become_driver(json.loads(line))
            hook()
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
