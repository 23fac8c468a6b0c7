"""One line of `sweeptree doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, in words, and the next command where something is amiss."""

    name: str
    level: Literal["ok", "warn", "fail"]
    text: str
    hint: str = ""
