"""Listening on loopback."""

from __future__ import annotations

import socket

import pytest

from sweeptree.system.listening import LOOPBACK, listen_on


def test_small_answers_leave_at_once() -> None:
    with listen_on(0) as listener, socket.create_connection(listener.getsockname()):
        served, _ = listener.accept()
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_only_this_machine_can_connect() -> None:
    with listen_on(0) as listener:
        assert listener.getsockname()[0] == LOOPBACK


def test_a_port_in_use_is_refused() -> None:
    with listen_on(0) as listener, pytest.raises(OSError, match="in use"):
        listen_on(listener.getsockname()[1])
