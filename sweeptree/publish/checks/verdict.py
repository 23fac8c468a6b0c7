"""What the gate says about a patch."""

from __future__ import annotations

from dataclasses import dataclass

from sweeptree.publish.checks.results import TestResults


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A line of a patch that a person has to look at. `rule`: what it looks like, in short."""

    path: str
    line: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a patch mends the tests that failed, and harms none.

    `reasons`: why not; `patch`: what is left of it, without protected files and without what the
    tests do not need; `dropped`: protected files that it wanted to change; `after`: its tests;
    `seconds`: how long the judgement took.
    """

    is_accepted: bool
    reasons: tuple[str, ...] = ()
    flags: tuple[RedFlag, ...] = ()
    patch: bytes = b""
    after: TestResults | None = None
    dropped: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def needs_person(self) -> bool:
        """Whether it may be applied only after a person has looked at the flags."""
        return self.is_accepted and bool(self.flags)
