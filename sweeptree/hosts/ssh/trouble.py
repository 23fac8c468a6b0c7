"""What ssh says when it cannot, as an error that says what to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from sweeptree.errors import HostError, Refused
from sweeptree.hosts.ssh.command import Target

CONNECTION_FAILED = 255  # ssh's own exit code; every other one is the command's
NOT_FOUND = 127  # of a shell that does not know the command


@dataclass(frozen=True, slots=True)
class _Trouble:
    kind: str
    sign: re.Pattern[str]
    text: str
    hint: str


def _trouble(kind: str, sign: str, text: str, hint: str) -> _Trouble:
    return _Trouble(kind, re.compile(sign), text, hint)


# The first one whose sign stands in ssh's words.
_TROUBLES = (
    _trouble(
        "host-key",
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|[Hh]ost key .* has changed",
        "is not the machine that it was: its host key has changed",
        "if it was set up anew: ssh-keygen -R {machine} and then {ssh}",
    ),
    _trouble(
        "host-key",
        r"Host key verification failed|No .* host key is known",
        "is not known to ssh yet",
        "look at its key and accept it once: {ssh}",
    ),
    _trouble(
        "auth",
        r"Permission denied|Too many authentication failures|no mutual signature",
        "does not take your key",
        "{ssh} must work without a password: ssh-copy-id, or ssh-add",
    ),
    _trouble(
        "config",
        r"[Bb]ad configuration option|Can't open user config|terminating, \d+ bad|Bad owner",
        "cannot be reached with this configuration of ssh",
        "{ssh} must work",
    ),
    _trouble(
        "forwarding",
        r"remote port forwarding failed|administratively prohibited",
        "allows no tunnel back to this machine",
        "its sshd needs AllowTcpForwarding yes (or remote)",
    ),
    _trouble(
        "unreachable",
        r"Could not resolve|Connection refused|timed out|No route to host|unreachable"
        r"|Connection closed|Connection reset|kex_exchange_identification",
        "cannot be reached",
        "{ssh} must work; is the machine on, and the name right?",
    ),
)


def connection_error(target: Target, said: str) -> HostError:
    """The error for a connection that did not come up or broke; `said` is ssh's own text."""
    reason = _last_line(said)
    for trouble in _TROUBLES:
        if trouble.sign.search(said):
            return _error(target, trouble, reason)
    reason = reason or "ssh said nothing"
    return HostError(
        f"the connection to {target.name} ended: {reason}",
        host=target.name,
        kind="lost",
        hint=f"{target.shown} must work",
    )


def timeout_error(target: Target, what: str, seconds: float) -> HostError:
    """The error for a host that did not answer in time."""
    return HostError(
        f"{target.name} did not {what} within {seconds:.0f} s",
        host=target.name,
        kind="timeout",
        hint=f"look what keeps it busy: {target.typed('uptime')}",
    )


def command_error(target: Target, argv: Sequence[str], rc: int, err: bytes) -> HostError:
    """The error for a command of ours that failed on the host."""
    reason = _last_line(err.decode("utf-8", "replace"))
    if rc == NOT_FOUND:
        return HostError(
            f"there is no {argv[0]} on {target.name}",
            host=target.name,
            kind="command",
            hint=f"install it there, or put it on PATH: {target.typed('command', '-v', argv[0])}",
        )
    return HostError(
        f"{argv[0]} failed on {target.name}: {reason or f'exit code {rc}'}",
        host=target.name,
        kind="command",
        hint=f"try it there: {target.shown}",
    )


def no_ssh() -> Refused:
    """The error for a machine without an ssh client."""
    return Refused("there is no ssh on this machine", hint="apt install openssh-client")


def _error(target: Target, trouble: _Trouble, reason: str) -> HostError:
    machine = target.address.rpartition("@")[2]
    hint = trouble.hint.format(machine=shlex.quote(machine), ssh=target.shown)
    text = f"{target.name} {trouble.text} ({reason})"
    return HostError(text, host=target.name, kind=trouble.kind, hint=hint)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip(" \r@")]
    return lines[-1][:300] if lines else ""
