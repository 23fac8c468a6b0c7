"""The host's end of a tunnel: python3 -I -S -c THIS_TEXT FILE. Standard library of any Python 3.

Reads lines: `port N`, which FILE then holds (0600), and beats; it answers every line. When none has
come for PATIENCE seconds the driver is away: the connection is ended from this side, as sshd itself
may keep a dead one, and the port it listens on, for hours.
"""

import os
import select
import signal
import sys

PATIENCE = 15.0
LONGEST = 4096


def main(path: str) -> None:
    """Serve until the input ends or falls silent."""
    port = b""
    try:
        while select.select([0], [], [], PATIENCE)[0]:
            data = os.read(0, LONGEST)
            if not data:
                return
            port = publish(path, data) or port
            os.write(1, b".\n")
    finally:
        withdraw(path, port)
    end_connection()


def publish(path: str, data: bytes) -> bytes:
    """Let the file hold the port that these lines name, if they do."""
    for line in data.splitlines():
        word, _, port = line.partition(b" ")
        if word == b"port":
            write(path, port)
            return port
    return b""


def write(path: str, port: bytes) -> None:
    """Replace the file, so that a reader sees the old port or the new one."""
    aside = f"{path}.{os.getpid()}"
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    os.write(file, port + b"\n")
    os.close(file)
    os.replace(aside, path)  # noqa: PTH105 - pathlib is not needed for so little


def withdraw(path: str, port: bytes) -> None:
    """Remove the file, unless a newer tunnel has written its port there."""
    try:
        if read(path).strip() == port:
            os.unlink(path)  # noqa: PTH108
    except OSError:
        pass


def end_connection() -> None:
    """End the sshd that this runs under."""
    pid = os.getppid()
    while pid > 1:
        name, parent = of_process(pid)
        if name.startswith("sshd"):
            os.kill(pid, signal.SIGTERM)
            return
        pid = parent


def of_process(pid: int) -> "tuple[str, int]":
    """The name and the parent of a process; an empty name where there is no /proc."""
    try:
        stat = read(f"/proc/{pid}/stat").decode()
    except OSError:
        return "", 0
    before, _, after = stat.rpartition(")")
    return before.partition("(")[2], int(after.split()[1])


def read(path: str) -> bytes:
    """The beginning of a file. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        return os.read(file, LONGEST)
    finally:
        os.close(file)


if __name__ == "__main__":
    main(sys.argv[1])
