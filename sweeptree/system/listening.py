"""A socket that listens on this machine's loopback. Standard library only."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def listen_on(port: int, *, backlog: int = 512) -> socket.socket:
    """Bind and listen at once, on any free port for 0: who connects from now on waits instead of
    being refused. Raises OSError."""
    listener = socket.create_server((LOOPBACK, port), backlog=backlog)
    # Connections inherit it. asyncio sets it only where a socket names its protocol, and without
    # it the end of a small answer waits 40 ms for the client's delayed ACK of its header.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
