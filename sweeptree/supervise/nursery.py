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
from typing import Any, NoReturn

from sweeptree.supervise.command import Attempt
from sweeptree.supervise.files import SetupError, hold_alive, write_patiently
from sweeptree.supervise.tree import IGNORED, WATCHED
from sweeptree.system.processes import boot_id, start_ticks
from sweeptree.system.signalling import PR_SET_CHILD_SUBREAPER, PR_SET_NAME, prctl

_MAX_MESSAGE = 64 * 1024 * 1024


def receive(link: int) -> dict[str, Any] | None:
    """The next launch from the driver (4 bytes of length, JSON), or None when the driver is gone."""
    size = int.from_bytes(_read(link, 4), "big")
    data = _read(link, size) if 0 < size <= _MAX_MESSAGE else b""
    launch = json.loads(data) if data and len(data) == size else None
    return launch if isinstance(launch, dict) else None


def _read(link: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := os.read(link, size - len(data))):
        data += part
    return data


def _reply(link: int, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the driver died meanwhile: the attempt goes on without it
        os.write(link, json.dumps(answer).encode() + b"\n")


def become_keeper(link: int, launch: dict[str, Any]) -> NoReturn:
    """Turn this fresh child of the nursery into the keeper of `launch`, and exit when all is done."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_NAME, b"sweeptree-keep")
        hold_alive(launch)
        attempt = Attempt(launch)
        attempt.open_log()
        _reply(link, {"pid": os.getpid(), "ticks": start_ticks(os.getpid()) or 0})
        os.close(link)
        attempt.run()
        code = 0 if write_patiently(launch["outcome"], attempt.outcome()) else 1
    except SetupError as error:
        _reply(link, {"error": str(error)})
    finally:
        os._exit(code)


def serve(link: int) -> None:
    """Fork a keeper for each launch that comes over `link`, until its other end is closed."""
    os.set_inheritable(link, False)
    os.chdir("/")
    for (
        number
    ) in signal.valid_signals():  # a driver started by nohup or in the background hands some on
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for number in (*IGNORED, signal.SIGCHLD):  # CHLD: a keeper that ends leaves no zombie
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, WATCHED)
    boot_id()
    prctl(PR_SET_NAME, b"sweeptree-nest")
    gc.disable()
    gc.freeze()  # a collection would touch, and so copy, every page that the keepers share
    while (launch := receive(link)) is not None:
        if launch["slots"]:
            with contextlib.suppress(Exception):  # the keeper tries again and says why it fails
                import sweeptree.supervise.meter  # noqa: F401 - once for all keepers, with the slots
        try:
            pid = os.fork()
        except OSError as error:
            _reply(link, {"error": f"no process could be made for it: {error.strerror}"})
            continue
        if pid == 0:
            become_keeper(link, launch)
