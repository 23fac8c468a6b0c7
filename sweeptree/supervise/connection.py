"""The driver's end of the socket to its nursery, the process that forks the keepers.

Hides: that a nursery is made on first use, and again after it died or this process was forked.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("keeper.py")
_ANSWER_SECONDS = 60.0  # a keeper answers within milliseconds; only a dead file system takes long
_END_SECONDS = 5.0
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Nursery:
    """A running nursery and our end of its socket."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._link, theirs = socket.socketpair()
        with theirs:
            self._link.settimeout(_ANSWER_SECONDS)
            self._process = _start_program(theirs.fileno())

    def ask(self, message: bytes) -> dict[str, Any] | None:
        """Send a launch; the keeper's answer, or None when the nursery died before one began."""
        try:
            self._link.sendall(len(message).to_bytes(4, "big") + message)
            line = self._receive_line()
        except TimeoutError:
            # the next question finds it closed and gets a new nursery
            self._link.shutdown(socket.SHUT_RDWR)
            hint = "does the file system hang?"
            return {"error": f"no answer within {_ANSWER_SECONDS:.0f} s; {hint}"}
        except OSError:
            return None
        if line is None:
            return None
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    def close(self) -> None:
        """Let it end. The keepers it made go on."""
        self._link.close()
        if self.owner != os.getpid():
            self._process.returncode = 0  # our parent's child: nothing to wait for
            return
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _receive_line(self) -> bytes | None:
        data = b""
        while not data.endswith(b"\n"):
            part = self._link.recv(65536)
            if not part:
                return None
            data += part
        return data


def _start_program(link: int) -> subprocess.Popen[bytes]:
    # paths and commands must become the same bytes there as here
    utf8 = f"utf8={sys.flags.utf8_mode}"
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-X", utf8, str(_PROGRAM), str(link)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[link],
        start_new_session=True,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ},
    )


class Nurseries:
    """The nursery of this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._current: Nursery | None = None

    def ask(self, message: bytes) -> dict[str, Any]:
        """Have a keeper forked. One at a time: an answer belongs to the question before it."""
        with self._guard:
            for _ in range(2):
                answer = self._ask(message)
                if answer is not None:
                    return answer
        hint = f"does {sys.executable} -I -S run?"
        return {"error": f"the process that makes keepers ends at once; {hint}"}

    def close(self) -> None:
        """End the nursery of this process, if there is one."""
        with self._guard:
            self._drop()

    def renew_guard(self) -> None:
        """After a fork: another thread of our parent may have held it."""
        self._guard = threading.Lock()

    def _ask(self, message: bytes) -> dict[str, Any] | None:
        try:
            answer = self._nursery().ask(message)
        except OSError as error:
            answer = {"error": f"no process could be made for it: {error.strerror}"}
        except BaseException:  # an interrupt: the answer that is still to come belongs to nobody
            self._drop()
            raise
        if answer is None:
            self._drop()
        return answer

    def _nursery(self) -> Nursery:
        if self._current is not None and self._current.owner != os.getpid():
            self._drop()
        if self._current is None:
            self._current = Nursery()
        return self._current

    def _drop(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None


NURSERIES = Nurseries()
atexit.register(NURSERIES.close)
os.register_at_fork(after_in_child=NURSERIES.renew_guard)
