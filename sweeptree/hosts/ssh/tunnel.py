"""A port on the host that leads to one on this machine, and comes back by itself.

Hides: a connection of its own, apart from the one that carries files; that it keeps its port where
that is free, and takes another where an earlier connection still holds it; the beat by which either
side notices that the other is gone.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import threading
import time
from pathlib import Path
from typing import IO

from sweeptree.errors import HostError, Refused
from sweeptree.hosts.ssh import tunnel_program
from sweeptree.hosts.ssh.command import Target, command_line, environment
from sweeptree.hosts.ssh.trouble import connection_error, no_ssh, timeout_error

BEAT = 2.0  # seconds
PATIENCE = 15.0  # seconds without an answer, until the tunnel is made anew
OPENING = 30.0  # seconds until a new one has to be there
PAUSE = 0.5  # seconds between two tries
_PORT = re.compile(rb"Allocated port (\d+) for remote forward")
_FAILED = re.compile(rb"remote port forwarding failed[^\n]*")


class Tunnel:
    """`port` of this machine, reachable on the host at 127.0.0.1 and the port that `file` holds.

    `file` is an absolute path on the host, in a folder that exists; `python` a Python 3 there.
    """

    def __init__(self, target: Target, port: int, *, file: str, python: str = "python3") -> None:
        self.target = target
        self.trouble: HostError | Refused | None = None  # why there was none, the last time
        self._port = port
        self._argv = [python, "-I", "-S", "-c", _program(), file]
        self._up = threading.Event()
        self._closing = threading.Event()
        self._there = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(
            target=self._keep, name=f"tunnel to {target.name}", daemon=True
        )

    def __enter__(self) -> Tunnel:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._process is not None:
            self._process.kill()
        self._thread.join()

    @property
    def is_up(self) -> bool:
        """Whether the host can reach the port now, as far as is known."""
        return self._up.is_set()

    @property
    def remote_port(self) -> int:
        """The host's port; 0 before there was one. Another one may come with every new tunnel."""
        return self._there

    def wait(self, seconds: float = OPENING) -> int:
        """The host's port, once there is a tunnel.

        Raises HostError with the last trouble when there is none within so many seconds.
        """
        if self._up.wait(seconds):
            return self._there
        raise self.trouble or timeout_error(self.target, "open a tunnel", seconds)

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                self._once()
            except (HostError, Refused) as error:
                self.trouble = error
            self._up.clear()
            self._closing.wait(PAUSE)

    def _once(self) -> None:
        """One tunnel, until it ends."""
        self._process = process = self._start()
        try:
            self._there = self._there or self._await_port(process)
            _send(process, f"port {self._there}\n")
            self._beat(process)
        except HostError as error:
            if error.kind == "forwarding":
                self._there = 0  # somebody else has the port: the next try takes any
            raise
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                _close(pipe)

    def _start(self) -> subprocess.Popen[bytes]:
        forward = f"127.0.0.1:{self._there}:127.0.0.1:{self._port}"
        options = {"ControlPath": "none", "LogLevel": "INFO"}
        if self._there:
            options["ExitOnForwardFailure"] = "yes"
        argv = self.target.argv("-R", forward, **options)
        try:
            return subprocess.Popen(
                [*argv, self.target.address, command_line(self._argv)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise no_ssh() from error

    def _await_port(self, process: subprocess.Popen[bytes]) -> int:
        """The port that sshd chose, as ssh says on its stderr."""
        said = b""
        deadline = time.monotonic() + OPENING
        while not self._closing.is_set():
            if found := _PORT.search(said):
                return int(found[1])
            if _FAILED.search(said) or time.monotonic() > deadline:
                break
            part = _read(process.stderr, BEAT)
            if part == b"":
                break
            said += part or b""
        raise connection_error(self.target, said.decode("utf-8", "replace"))

    def _beat(self, process: subprocess.Popen[bytes]) -> None:
        """Be up as long as the host answers. Raises HostError when it never did."""
        said = b""
        silent_from = time.monotonic() + PATIENCE
        while not self._closing.is_set() and time.monotonic() < silent_from:
            answer = _read(process.stdout, BEAT)
            said += _read(process.stderr, 0.0) or b""
            if answer:
                self._up.set()
                said = b""
                silent_from = time.monotonic() + PATIENCE
            elif answer == b"" or not _send(process, "\n"):
                break
        if not self._up.is_set() and not self._closing.is_set():
            raise connection_error(self.target, said.decode("utf-8", "replace"))


def _program() -> str:
    return Path(tunnel_program.__file__).read_text(encoding="utf-8")


def _send(process: subprocess.Popen[bytes], line: str) -> bool:
    assert process.stdin is not None
    try:
        os.write(process.stdin.fileno(), line.encode())
    except OSError:
        return False
    return True


def _read(pipe: IO[bytes] | None, seconds: float) -> bytes | None:
    """What has come; empty at the end, None when nothing comes for so many seconds."""
    assert pipe is not None
    ready, _, _ = select.select([pipe], [], [], seconds)
    return os.read(pipe.fileno(), 4096) if ready else None


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()
