"""The host's side of a tunnel asks here which port it has now; it changes when the tunnel is new.

Hides: that a file left by a tunnel that died must lead nobody to a port that another account has
taken since: the listening socket has to be ours. Standard library only.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_LISTENING = "0A"
_LOOPBACK = "0100007F"
_PORT_BYTES = 16
_OPEN_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_LOCAL, _STATE, _OWNER = 1, 3, 7  # columns of /proc/net/tcp


def tunnel_port(path: str | os.PathLike[str]) -> int | None:
    """The port on 127.0.0.1 that leads to the driver's server; None while there is no tunnel."""
    port = _read(path)
    if port is None or not _listens_for_us(port):
        return None
    return port


def _read(path: str | os.PathLike[str]) -> int | None:
    try:
        file = os.open(path, _OPEN_SAFELY)
    except OSError:
        return None
    try:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid():
            return None
        text = os.read(file, _PORT_BYTES).strip()
    finally:
        os.close(file)
    return int(text) if text.isdigit() else None


def _listens_for_us(port: int) -> bool:
    """Whether a socket of this account listens there; unknown, and so True, without /proc."""
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return True
    wanted = f"{_LOOPBACK}:{port:04X}"
    sockets = [line.split() for line in lines]
    owners = [
        fields[_OWNER]
        for fields in sockets
        if fields[_LOCAL] == wanted and fields[_STATE] == _LISTENING
    ]
    return str(os.geteuid()) in owners
