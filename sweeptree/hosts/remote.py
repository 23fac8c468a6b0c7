"""A host as the parts of this room reach it: commands, pipes and git, whatever carries them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sweeptree.hosts.values import Host


class Done(Protocol):
    """How a command on a host ended."""

    @property
    def rc(self) -> int:
        """Its exit code."""

    @property
    def out(self) -> bytes:
        """What it wrote to stdout."""

    @property
    def err(self) -> str:
        """What it wrote to stderr."""


class Remote(Protocol):
    """The way to one host.

    `shell` are the words of the program that git may use instead of ssh: it is given the host's
    address and a command line.
    """

    @property
    def shell(self) -> tuple[str, ...]:
        """What stands for `ssh` in git's hands."""

    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes | None = None,  # noqa: A002 - as subprocess has it
        timeout: float | None = None,
    ) -> Done:
        """Run a command to its end. Raises SweeptreeError when the host cannot be reached."""

    def start(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command; its stdin, stdout and stderr are pipes."""


@dataclass(frozen=True, slots=True)
class Site:
    """A host, and the way to it."""

    host: Host
    remote: Remote

    def place(self, *parts: str) -> str:
        """A path below the host's home."""
        return "/".join((self.host.home.rstrip("/"), *parts))
