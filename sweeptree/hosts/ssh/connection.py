"""One ssh connection that others share, and the beat that tells whether it still carries anything.

Hides: the control socket in a private, short folder; that the connection ends with this process,
because its own session is a `cat` on the host that reads from us; and that the same `cat` echoes a
beat, so that a host, a cable or an ssh that hangs is noticed, not only one that is gone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from sweeptree.hosts.ssh.command import Target, environment
from sweeptree.hosts.ssh.trouble import connection_error, no_ssh, timeout_error
from sweeptree.system.scratch import scratch_folder

BEAT = 5.0  # seconds between two beats
PATIENCE = 20.0  # seconds that an echo may take: as long as ssh's own ServerAlive
OPENING = 30.0  # seconds until a new connection has to carry its first line
_LONGEST_FOLDER = 50  # a socket's whole path has at most 107 bytes, and ssh adds to the name


class Connection:
    """A connection that stands. Raises HostError when it does not come up, Refused without ssh."""

    def __init__(self, target: Target, *, beat: float = BEAT, patience: float = PATIENCE) -> None:
        self.target = target
        self._beat = beat
        self._patience = patience
        self._places = contextlib.ExitStack()
        folder = self._places.enter_context(scratch_folder("ssh", _short_place()))
        self.socket = folder / "s"
        self._said = folder / "said"
        self._closing = threading.Event()
        self._process = self._start()
        try:
            self._await_first_line()
        except BaseException:
            self._end()
            self._tidy()
            raise
        self._watcher = threading.Thread(
            target=self._watch, name=f"ssh to {target.name}", daemon=True
        )
        self._watcher.start()

    @property
    def is_alive(self) -> bool:
        """Whether ssh runs; a hanging one is ended within a beat and its patience."""
        return self._process.poll() is None and not self._closing.is_set()

    def ended_within(self, seconds: float) -> bool:
        """Whether it ends, or has ended, before so many seconds are over."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def said(self) -> str:
        """What ssh has written to its stderr so far."""
        try:
            return self._said.read_text(errors="replace")
        except OSError:
            return ""

    def close(self) -> None:
        """End it, and every session that shares it."""
        self._closing.set()
        self._end()
        self._watcher.join()
        self._tidy()

    def _start(self) -> subprocess.Popen[bytes]:
        self._mark = secrets.token_hex(8)
        argv = self.target.argv(
            "-M", "-S", str(self.socket), ControlPersist="no", ClearAllForwardings="yes"
        )
        with self._said.open("wb") as said:
            try:
                return subprocess.Popen(
                    [*argv, self.target.address, f"echo {self._mark}; exec cat"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=environment(),
                    start_new_session=True,  # a Ctrl-C on the terminal is not for it
                )
            except FileNotFoundError as error:
                self._places.close()
                raise no_ssh() from error

    def _await_first_line(self) -> None:
        """A host's shell may say something of its own before; the mark is ours."""
        deadline = time.monotonic() + OPENING
        seen = b""
        while self._mark.encode() not in seen:
            part = self._read(deadline - time.monotonic())
            if not part:
                raise self._why_not(time.monotonic() >= deadline)
            seen += part

    def _why_not(self, is_late: bool) -> Exception:
        said = self.said()
        if is_late and not said.strip():
            return timeout_error(self.target, "answer ssh", OPENING)
        return connection_error(self.target, said)

    def _watch(self) -> None:
        while not self._closing.wait(self._beat):
            if not self._echoes():
                break
        self._end()

    def _echoes(self) -> bool:
        try:
            self._stdin().write(b"\n")
            self._stdin().flush()
        except OSError:
            return False
        return self._read(self._patience) != b""

    def _read(self, seconds: float) -> bytes:
        """What the host has sent; empty at the end, or when nothing comes for so long."""
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        ready, _, _ = select.select([file], [], [], max(0.0, seconds))
        return os.read(file, 4096) if ready else b""

    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _tidy(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        self._places.close()


def _short_place() -> Path | None:
    """Where the path of a socket is short enough; None: where there is nothing better."""
    temporary = Path(tempfile.gettempdir())
    is_short = len(os.fspath(temporary)) <= _LONGEST_FOLDER
    return None if is_short else Path("/tmp")  # noqa: S108 - the folder in it is private
