"""The command line of ssh: which options every call has, and the environment it runs in."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.hosts.values import Host

ALIVE_INTERVAL, ALIVE_COUNT = 5, 3  # seconds, and how many may stay unanswered
# Never a question or a terminal; what else holds (keys, host keys, jumps) is for the user's config.
_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": "10",
    "ServerAliveInterval": str(ALIVE_INTERVAL),
    "ServerAliveCountMax": str(ALIVE_COUNT),
    "RequestTTY": "no",
    "RemoteCommand": "none",
    "ForwardX11": "no",
    "ForwardAgent": "no",
    "PermitLocalCommand": "no",
    "EscapeChar": "none",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where ssh leads. `name` is for messages, `config` what ssh reads instead of the user's."""

    name: str
    address: str
    port: int | None = None
    config: Path | None = None

    @classmethod
    def of(cls, host: Host, config: Path | None = None) -> Target:
        """The target of a host that is known."""
        return cls(host.name, host.address, host.port, config)

    def argv(self, *words: str, **options: str) -> list[str]:
        """`ssh` with its options and `words`, without the address."""
        argv = ["ssh"]
        if self.config is not None:
            argv += ["-F", str(self.config)]
        if self.port is not None:
            argv += ["-p", str(self.port)]
        for name, value in {**_OPTIONS, **options}.items():
            argv += ["-o", f"{name}={value}"]
        return [*argv, *words]

    @property
    def shown(self) -> str:
        """The command that a user would type to get there."""
        port = ["-p", str(self.port)] if self.port is not None else []
        config = ["-F", str(self.config)] if self.config is not None else []
        return shlex.join(["ssh", *config, *port, self.address])

    def typed(self, *words: str) -> str:
        """The command that a user would type to run exactly these words there."""
        kept = [shlex.quote(word) for word in words]  # by the host's shell; and by the user's:
        return f"{self.shown} {shlex.join(kept)}"


def command_line(argv: Sequence[str]) -> str:
    """The words as the host's shell has to read them, to run exactly these."""
    return shlex.join(argv)


def environment() -> dict[str, str]:
    """What ssh runs in: its messages in English, no window that asks for a password."""
    kept = {name: value for name, value in os.environ.items() if name != "SSH_ASKPASS"}
    return {**kept, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
