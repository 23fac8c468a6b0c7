"""One finding of `sweeptree doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sweeptree.cli.screens.terminal import printable


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, in words, and the next command where something is amiss."""

    name: str
    level: Literal["ok", "warn", "fail"]
    text: str
    hint: str = ""

    @property
    def shown(self) -> str:
        """The finding as the terminal shows it; the hint on a line of its own."""
        line = f"{self.level:<5} {self.name:<11} {printable(self.text)}\n"
        hint = f"      {'':<11} {self.hint}\n" if self.hint else ""
        return line + hint
