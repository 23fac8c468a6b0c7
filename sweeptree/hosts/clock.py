"""How far a host's clock is off, and its times as this machine's clock had them.

Nothing that decides depends on another machine's clock; what people read does: how long a job has
run, and the timeline. Durations are measured on the host, by a clock that nobody sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sweeptree.system.clock import parse_time

TOLERANCE = 5.0  # seconds that a clock may be off, and nobody is told: a measurement is off too


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the host `name`, so many seconds `ahead` of this machine's (behind: < 0)."""

    name: str
    ahead: float = 0.0

    @property
    def is_off(self) -> bool:
        """Whether its times say something else than this machine's."""
        return abs(self.ahead) > TOLERANCE

    @property
    def remark(self) -> str:
        """A sentence about a clock that is off; else ''."""
        way = "ahead of" if self.ahead > 0 else "behind"
        off = f"the clock of {self.name} is {abs(self.ahead):.0f} s {way} this machine's"
        return off if self.is_off else ""

    def here(self, text: str | None) -> str | None:
        """An ISO time of the host's by the clock of this machine; what is no time stays."""
        moment = parse_time(text)
        if moment is None or not self.is_off:
            return text
        return (moment - timedelta(seconds=self.ahead)).isoformat()
