"""What a rung of the ladder is given and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sweeptree.repair.failures import FailureReport


class RungName(StrEnum):
    """The rungs of the ladder, the cheapest first."""

    DETERMINISTIC = "deterministic"
    COMMAND = "command"
    MODEL = "model"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that a rung may take, in seconds, from when this was made."""

    seconds: float
    _began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """The seconds that are left; 0 when there are none."""
        return max(0.0, self._began + self.seconds - time.monotonic())


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patch that may fix the failing tests. `cost`: what it cost beside time, in words.

    `exclusive`: proposals of one rung with the same word are alternatives of which only one can be
    meant; where several pass, a person must choose.
    """

    rung: RungName
    patch: bytes
    note: str
    seconds: float = 0.0
    cost: str | None = None
    exclusive: str | None = None


Propose = Callable[[FailureReport, Path, Budget], tuple[Proposal, ...]]


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to find a patch, as it is set up for this run.

    `propose` works in a worktree of its own, which is thrown away; `seconds`: its budget;
    `not_run`: why it cannot be tried.
    """

    name: RungName
    propose: Propose
    seconds: float
    not_run: str = ""
