"""The nursery: one process per driver that forks a keeper for each launch, 2 ms of CPU apiece.

A fresh interpreter would cost 20 ms. It ends when the driver's end of the socket closes; the
keepers go on: each has its own session and is nobody's child any more. Hides that handshake.
Standard library only.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal

from sweeptree.supervise.command import Attempt
from sweeptree.supervise.files import SetupError, hold_alive, write_patiently
from sweeptree.supervise.tree import IGNORED, KILL_NOW, WATCHED
from sweeptree.system.processes import boot_id, start_ticks
from sweeptree.system.signalling import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NAME,
    PR_SET_PDEATHSIG,
    prctl,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_MAX_MESSAGE = 64 * 1024 * 1024


def receive(link: int) -> dict[str, Any] | None:
    """The driver's next launch (4 bytes of length, JSON); None when the driver is gone."""
    size = int.from_bytes(_read(link, 4), "big")
    if not 0 < size <= _MAX_MESSAGE:
        return None
    data = _read(link, size)
    if len(data) < size:
        return None
    launch = json.loads(data)
    return launch if isinstance(launch, dict) else None


def _read(link: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := os.read(link, size - len(data))):
        data += part
    return data


def _reply(link: int, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the driver died meanwhile: the attempt goes on without it
        os.write(link, json.dumps(answer).encode() + b"\n")


def become_keeper(link: int, launch: dict[str, Any], nursery: int) -> NoReturn:
    """Turn this fresh child of the nursery into the keeper of `launch`, and exit at the end."""
    code = 1
    try:
        _lead_a_session()
        if not launch["outlives_driver"]:
            _end_with_driver(nursery)
        alive = hold_alive(launch)
        attempt = Attempt(launch)
        attempt.open_log()
        _reply(link, {"pid": os.getpid(), "ticks": start_ticks(os.getpid()) or 0})
        os.close(link)
        attempt.run()
        code = 0 if write_patiently(launch["outcome"], attempt.outcome(), alive) else 1
    except SetupError as error:
        _reply(link, {"error": str(error)})
    finally:
        os._exit(code)


def _lead_a_session() -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NAME, b"sweeptree-keep")


def _end_with_driver(nursery: int) -> None:
    """Be told to kill the job when the nursery ends, which it does as soon as the driver dies."""
    prctl(PR_SET_PDEATHSIG, KILL_NOW)
    if os.getppid() != nursery:  # it has ended already
        signal.raise_signal(KILL_NOW)


def serve(link: int) -> None:
    """Fork a keeper for each launch that comes over `link`, until its other end is closed."""
    _prepare(link)
    while (launch := receive(link)) is not None:
        if launch["slots"]:
            _load_slots()
        _fork_keeper(link, launch)


def _prepare(link: int) -> None:
    os.set_inheritable(link, False)
    os.chdir("/")
    _set_signals()
    boot_id()  # once for all keepers
    prctl(PR_SET_NAME, b"sweeptree-nest")
    gc.disable()
    gc.freeze()  # a collection would touch, and so copy, every page that the keepers share


def _set_signals() -> None:
    # a driver started by nohup or in the background hands some on that it ignores
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for number in (*IGNORED, signal.SIGCHLD):  # CHLD: a keeper that ends leaves no zombie
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, WATCHED)


def _load_slots() -> None:
    with contextlib.suppress(Exception):  # the keeper tries again and says why it fails
        import sweeptree.supervise.meter  # noqa: F401 - once for all keepers, with the slots


def _fork_keeper(link: int, launch: dict[str, Any]) -> None:
    nursery = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        _reply(link, {"error": f"no process could be made for it: {error.strerror}"})
        return
    if pid == 0:
        become_keeper(link, launch, nursery)
