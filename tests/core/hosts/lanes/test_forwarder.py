"""One address, whatever the tunnel's port is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sweeptree.hosts.lanes.forwarder import Forwarder

WAIT = 20.0


@contextmanager
def saying(word: bytes) -> Iterator[int]:
    """A server that answers each line with a word and the line."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            while line := connection.recv(1000):
                connection.sendall(word + line)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def asked(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(1000)


def waiting(ports: list[int]) -> Forwarder:
    """A forwarder that leads to the last of these ports."""
    return Forwarder(lambda: ports[-1] if ports else None)


def connected(forwarder: Forwarder) -> socket.socket:
    return socket.create_connection(("127.0.0.1", forwarder.port), timeout=WAIT)


def test_each_connection_goes_to_the_port_of_that_moment() -> None:
    ports: list[int] = []
    with saying(b"a ") as first, saying(b"b ") as second, waiting(ports) as forwarder:
        ports.append(first)
        with connected(forwarder) as earlier:
            assert asked(earlier, b"1") == b"a 1"
            ports.append(second)
            with connected(forwarder) as later:
                assert asked(later, b"2") == b"b 2"
            assert asked(earlier, b"3") == b"a 3"


def test_a_connection_waits_until_there_is_a_tunnel() -> None:
    ports: list[int] = []
    with saying(b"a ") as port, waiting(ports) as forwarder, connected(forwarder) as connection:
        connection.sendall(b"1")
        ports.append(port)
        assert connection.recv(1000) == b"a 1"


def test_a_connection_without_a_tunnel_ends_some_time() -> None:
    with Forwarder(lambda: None, patience=0.3) as forwarder, connected(forwarder) as connection:
        assert connection.recv(10) == b""


def test_when_the_server_ends_so_does_the_connection() -> None:
    with saying(b"a ") as port, waiting([port]) as forwarder, connected(forwarder) as connection:
        assert asked(connection, b"1") == b"a 1"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(10) == b""


def test_it_listens_on_this_machine_alone() -> None:
    with waiting([]) as forwarder, connected(forwarder) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"
