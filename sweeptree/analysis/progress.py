"""How far a job has come by its log: `epoch 3/30`, `step 40 of 100`, a progress bar."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COUNTER = r"\D{0,6}(\d+)\s*(?:/|of)\s*(\d+)"
_PROGRESS = (
    re.compile(rf"(?i)\bepochs?{_COUNTER}"),
    re.compile(rf"(?i)\b(?:steps?|iter(?:ation)?s?|batch(?:es)?|rounds?){_COUNTER}"),
    re.compile(r"\b(\d+)/(\d+) \["),  # tqdm
)


def progress(log: str) -> float | None:
    """How much of its work a job has done, by the last `epoch 3/30` or progress bar of its log."""
    for pattern in _PROGRESS:
        found = _last(pattern.finditer(log))
        if found is not None:
            return found
    return None


def _last(matches: Iterable[re.Match[str]]) -> float | None:
    part = None
    for match in matches:
        done, total = int(match[1]), int(match[2])
        if 0 < done <= total:
            part = done / total
    return part
