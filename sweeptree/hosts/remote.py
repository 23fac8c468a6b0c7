"""A host as the parts of this room reach it: commands, pipes and git, whatever carries them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Protocol

from sweeptree.hosts.values import Host


class Done(Protocol):
    """How a command on a host ended: its exit code, and what it wrote."""

    @property
    def rc(self) -> int: ...

    @property
    def out(self) -> bytes: ...

    @property
    def err(self) -> bytes: ...


class Stream(Protocol):
    """A command that goes on: its input and its output as binary files."""

    @property
    def stdin(self) -> IO[bytes]: ...

    @property
    def stdout(self) -> IO[bytes]: ...

    def poll(self) -> int | None:
        """The exit code, when it has ended."""

    def said(self) -> str:
        """What it has written to its stderr."""


class Remote(Protocol):
    """The way to one host, for any number of threads. Raises HostError where it does not lead."""

    def run(
        self,
        argv: Sequence[str],
        input: bytes | None = None,  # noqa: A002 - subprocess' own word
        timeout: float | None = None,
    ) -> Done:
        """Run exactly these words on the host; any exit code is an answer."""

    def stream(self, argv: Sequence[str]) -> AbstractContextManager[Stream]:
        """Run a command and talk to it while it runs; it ends with the block."""

    def ssh_command(self) -> str:
        """What stands for `ssh` in git's hands, which adds the address and a command line."""

    def typed(self, *words: str) -> str:
        """The command that a user would type to run these words on the host: for hints."""


@dataclass(frozen=True, slots=True)
class Site:
    """A host, and the way to it."""

    host: Host
    remote: Remote

    def place(self, *parts: str) -> str:
        """A path below the host's home."""
        return "/".join((self.host.home.rstrip("/"), *parts))
