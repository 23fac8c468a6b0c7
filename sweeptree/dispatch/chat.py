"""One chat: the repository it serves, where its calls are kept, whom it tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.dispatch.calls import Call, CallState, Order, begin
from sweeptree.dispatch.chat_folder import ChatFolder, Kind
from sweeptree.errors import Refused, SweeptreeError, UsageError

_ERROR_LINES = 20
_SAID_EVERY = 1.0
_EXIT_USAGE, _EXIT_REFUSED = 2, 3
Tell = Callable[[float, float | None, str], None]


def _tell_nobody(done: float, total: float | None, text: str) -> None:
    """Progress of a call whose client asked for none."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What a tool needs to know beside its arguments.

    `tell` takes how much is done, of how much, and a line; `patience`: seconds that a call may
    take before it answers with a handle.
    """

    top: Path
    chats: ChatFolder
    tell: Tell = _tell_nobody
    patience: float = 45.0

    def begin(self, tool: str, words: tuple[str, ...], *, sweep: Path | None = None) -> Call:
        """Start a command in the background. Raises Refused where that cannot be done."""
        try:
            return begin(self.chats, Order(tool, words, self.top, sweep))
        except OSError as error:
            raise Refused(
                f"the command cannot be started: {error}", hint="sweeptree doctor"
            ) from error

    def wait(self, call: Call, seconds: float | None = None) -> CallState:
        """Wait for a call, and say now and then how long it has run."""
        said = time.monotonic()

        def say(ran: float) -> None:
            nonlocal said
            if time.monotonic() - said >= _SAID_EVERY:
                said = time.monotonic()
                self.tell(ran, None, f"running for {ran:.0f} s")

        return call.wait(self.patience if seconds is None else seconds, say)

    def ask(self, tool: str, words: tuple[str, ...]) -> dict[str, Any]:
        """The document that a quick command prints. Raises what the command said went wrong."""
        call = self.begin(tool, words)
        if self.wait(call) is CallState.RUNNING:
            raise Refused(
                f"`sweeptree {words[0]}` takes long; it goes on as {call.handle}",
                hint=f"call `status` with the id {call.handle}",
            )
        document = call.document()
        if document is None:
            raise trouble_of(call)
        call.forget()
        return document

    def call_of(self, handle: str) -> Call:
        """A call by its handle. Raises UsageError."""
        return Call(self.chats.find(handle, Kind.CALL))

    def calls(self) -> list[Call]:
        """The calls of this repository, the newest first."""
        found = [Call(folder) for folder in self.chats.all(Kind.CALL)]
        return [call for call in found if call.about.get("top") == str(self.top)]


def trouble_of(call: Call) -> SweeptreeError:
    """What a command said when it failed, as an error with its next step."""
    message, hints = errors_of(call)
    kind = {_EXIT_USAGE: UsageError, _EXIT_REFUSED: Refused}.get(call.exit_code or 0)
    return (kind or SweeptreeError)(message, hint=hints)


def errors_of(call: Call) -> tuple[str, tuple[str, ...]]:
    """The last complaint on a command's stderr, and the hints below it."""
    lines = call.printed("stderr").strip().splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("sweeptree: ")]
    if not starts:
        code = "no exit code" if call.exit_code is None else f"exit code {call.exit_code}"
        said = "\n".join(lines[-_ERROR_LINES:])
        return f"it ended with {code}\n{said}".rstrip(), ()
    message, *hints = lines[starts[-1] : starts[-1] + _ERROR_LINES]
    told = tuple(hint.strip() for hint in hints if hint.startswith("  "))
    return message.removeprefix("sweeptree: "), told
