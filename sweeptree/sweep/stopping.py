"""The stop switch of a sweep.

Hides: how a stop reaches every keeper, also one that is only now being started, and that asking a
keeper twice would kill it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol, TypeVar

from sweeptree.model import StopCause


class Stoppable(Protocol):
    """What runs a job's command, here or elsewhere. Both calls return at once."""

    def stop(self) -> None:
        """Ask it to end its job: TERM, the grace, KILL; a second call kills at once."""

    def kill(self) -> None:
        """Have it kill its job's whole tree now."""


S = TypeVar("S", bound=Stoppable)


class _Asked(IntEnum):
    """How firmly the jobs were asked to stop."""

    NOT = 0
    TERM = 1
    KILL = 2


class StopSwitch:
    """Whether a sweep must stop, why, and the keepers within its reach."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._cause: StopCause | None = None
        self._asked = _Asked.NOT
        self._guard = threading.Lock()
        self._keepers: set[Stoppable] = set()

    @property
    def cause(self) -> StopCause | None:
        """Why the sweep stops; None: it does not."""
        return self._cause

    @property
    def kills(self) -> bool:
        """Whether it must stop without a grace."""
        return self._asked is _Asked.KILL

    def stop(self, cause: StopCause, *, kill: bool = False) -> None:
        """Start nothing more and ask every running job to stop; `kill`: at once.

        The first cause holds. Asking again changes nothing, because a keeper takes a second request
        as an order to kill.
        """
        wanted = _Asked.KILL if kill else _Asked.TERM
        for keeper in self._keepers_to_ask(cause, wanted):
            _ask(keeper, wanted)

    def _keepers_to_ask(self, cause: StopCause, wanted: _Asked) -> tuple[Stoppable, ...]:
        with self._guard:
            if self._cause in (None, StopCause.JOB_FAILED, StopCause.FAILED_ALIKE):
                self._cause = cause
            is_news = wanted > self._asked
            self._asked = max(self._asked, wanted)
            self.stopping.set()
            return tuple(self._keepers) if is_news else ()

    def start_no_more(self, cause: StopCause = StopCause.JOB_FAILED) -> None:
        """Let what runs go on, start nothing more (`--on_fail stop`, `--stop_after_same`)."""
        with self._guard:
            self._cause = self._cause or cause
        self.stopping.set()

    @contextlib.contextmanager
    def within_reach(self, keeper: S) -> Iterator[S]:
        """Keep a keeper within reach of `stop` while it is waited for."""
        with self._guard:
            self._keepers.add(keeper)
            asked = self._asked
        _ask(keeper, asked)
        try:
            yield keeper
        finally:
            with self._guard:
                self._keepers.discard(keeper)


def _ask(keeper: Stoppable, asked: _Asked) -> None:
    if asked is _Asked.KILL:
        keeper.kill()
    elif asked is _Asked.TERM:
        keeper.stop()
