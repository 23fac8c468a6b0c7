"""Requests whose refusals are errors for people, and writes that are never done twice blindly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sweeptree.publish.forge.client import Client, Refused4xx, UnknownOutcome
from sweeptree.publish.forge.trouble import explain

WRITE_TRIES = 3
MINOR = ("invalid", "forbidden", "not-found")  # kinds of refusals that stop no delivery


@dataclass(frozen=True, slots=True)
class Write:
    """A request that changes something. `doing`: what it is for, in the words of a message."""

    verb: str
    path: str
    doing: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A client whose refusals become ForgeErrors."""

    client: Client

    def read(self, path: str, doing: str, **parameters: str | int) -> Any:
        """GET. Raises ForgeError."""
        try:
            return self.client.read(path, doing, **parameters)
        except Refused4xx as no:
            raise explain(no.refusal) from no

    def pages(self, path: str, doing: str) -> list[Any]:
        """All items of a list. Raises ForgeError."""
        try:
            return list(self.client.pages(path, doing))
        except Refused4xx as no:
            raise explain(no.refusal) from no

    def write(self, write: Write, is_done: Callable[[], bool]) -> None:
        """Write; when the answer is lost, look whether it happened before writing again."""
        for attempt in range(WRITE_TRIES):
            try:
                self.client.write(write.verb, write.path, write.doing, write.body)
                return
            except Refused4xx as no:
                raise explain(no.refusal) from no
            except UnknownOutcome as unknown:
                if is_done():
                    return
                if attempt == WRITE_TRIES - 1:
                    raise unknown.error from unknown


def never() -> bool:
    """For a write that may be repeated."""
    return False
