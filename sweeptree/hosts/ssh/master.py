"""Commands and streams on one host, over one connection that is opened first and then shared."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from sweeptree.hosts.ssh.command import Target, command_line, environment
from sweeptree.hosts.ssh.connection import BEAT, PATIENCE, Connection
from sweeptree.hosts.ssh.trouble import (
    CONNECTION_FAILED,
    command_error,
    connection_error,
    timeout_error,
)

SESSIONS = 8  # sshd's MaxSessions is 10 unless told otherwise; the connection has one of its own
_ENDING = 1.0  # seconds in which a connection that broke under a command is seen to have ended
_SHORT = 60.0  # seconds for a command that only looks or writes a small file
_PUT = 'umask 077 && cat > "$1.part" && chmod "$2" "$1.part" && mv -f "$1.part" "$1"'


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command on the host."""

    rc: int
    out: bytes
    err: bytes


class Stream:
    """A command that goes on: its input and its output as binary files."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._said = said
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout

    def poll(self) -> int | None:
        """The exit code, when it has ended."""
        return self._process.poll()

    def said(self) -> str:
        """What it has written to its stderr."""
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End it: the host's side finds its input at the end."""
        self._process.kill()
        self._process.wait()
        for pipe in (self.stdin, self.stdout, self._said):
            with contextlib.suppress(OSError):
                pipe.close()


class Master:
    """The way to one host, for any number of threads. Connects at the first command.

    A connection that broke or hangs is replaced at the next command; the command that it broke
    under raises HostError, and may have run.
    """

    def __init__(self, target: Target, *, beat: float = BEAT, patience: float = PATIENCE) -> None:
        self.target = target
        self._beat = beat
        self._patience = patience
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(SESSIONS)
        self._connection: Connection | None = None

    def __enter__(self) -> Master:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Connect now, if need be. Raises HostError, which says what keeps ssh from it."""
        self._opened()

    def close(self) -> None:
        """End the connection, and what still runs over it."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def run(
        self,
        argv: Sequence[str],
        input: bytes | IO[bytes] | None = None,  # noqa: A002 - subprocess' own word
        timeout: float | None = None,
    ) -> Done:
        """Run exactly these words on the host; any exit code is an answer.

        `input` is bytes, or an open file that is read to its end. Raises HostError when the host
        cannot be reached, the connection breaks, or `timeout` seconds are over; the command may go
        on there.
        """
        with self._turns:
            connection = self._opened()
            done = self._call(connection, argv, input, timeout)
        if done.rc == CONNECTION_FAILED and connection.ended_within(_ENDING):
            said = connection.said() + done.err.decode("utf-8", "replace")
            raise connection_error(self.target, said)
        return done

    def ask(
        self,
        argv: Sequence[str],
        input: bytes | IO[bytes] | None = None,  # noqa: A002 - subprocess' own word
        timeout: float | None = _SHORT,
    ) -> bytes:
        """The output of a command that has to succeed. Raises HostError, also when it fails."""
        done = self.run(argv, input, timeout)
        if done.rc:
            raise command_error(self.target, argv, done.rc, done.err)
        return done.out

    def put(self, data: bytes, path: str, *, mode: int = 0o600) -> None:
        """Replace a file of the host, whose folder exists, by these bytes. Raises HostError."""
        self.ask(["sh", "-c", _PUT, "sh", path, f"{mode:o}"], data)

    @contextlib.contextmanager
    def stream(self, argv: Sequence[str]) -> Iterator[Stream]:
        """Run a command and talk to it while it runs; it ends with the block.

        Raises HostError when the host cannot be reached. Holds one of the host's few sessions.
        """
        with self._turns, tempfile.TemporaryFile() as said:
            client = self._client(self._opened(), argv)
            process = subprocess.Popen(
                client,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment(),
                start_new_session=True,
            )
            stream = Stream(process, said)
            try:
                yield stream
            finally:
                stream.close()

    def ssh_words(self) -> list[str]:
        """`ssh` and its options for programs that call it themselves; they add address and command.

        Connects if need be, and raises HostError when that fails.
        """
        return _shared(self._opened())

    def ssh_command(self) -> str:
        """The same as one line, for GIT_SSH_COMMAND and `rsync -e`."""
        return shlex.join(self.ssh_words())

    def typed(self, *words: str) -> str:
        """The command that a user would type to run these words on the host. Does not connect."""
        return self.target.typed(*words)

    def _opened(self) -> Connection:
        with self._lock:
            if self._connection is not None and not self._connection.is_alive:
                self._connection.close()
                self._connection = None
            if self._connection is None:
                self._connection = Connection(self.target, beat=self._beat, patience=self._patience)
            return self._connection

    def _client(self, connection: Connection, argv: Sequence[str]) -> list[str]:
        return [*_shared(connection), self.target.address, command_line(argv)]

    def _call(
        self,
        connection: Connection,
        argv: Sequence[str],
        given: bytes | IO[bytes] | None,
        timeout: float | None,
    ) -> Done:
        client = self._client(connection, argv)
        try:
            return _run_client(client, given, timeout)
        except subprocess.TimeoutExpired as error:
            what = f"finish {argv[0]}"
            raise timeout_error(self.target, what, timeout or 0.0) from error


def _run_client(argv: list[str], given: bytes | IO[bytes] | None, timeout: float | None) -> Done:
    data, file = (given, None) if isinstance(given, bytes) else (None, given)
    source = file or subprocess.DEVNULL
    process = subprocess.Popen(
        argv,
        stdin=source if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,  # a Ctrl-C on the terminal is not for it
    )
    with process:
        try:
            out, err = process.communicate(data, timeout)
        except BaseException:
            process.kill()
            raise
    return Done(process.returncode, out, err)


def _shared(connection: Connection) -> list[str]:
    return connection.target.argv("-S", str(connection.socket), ControlMaster="no")
