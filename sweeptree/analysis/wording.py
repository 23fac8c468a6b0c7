"""How values are written for people: states, numbers, durations, text of unknown origin. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeptree.model import JobState

WAITING = "waiting"
DIVERGED = "diverged"
_WORDS = {
    JobState.PLANNED: WAITING,
    JobState.RUNNING: "running",
    JobState.SUCCEEDED: "ok",
    JobState.FAILED: "FAILED",
    JobState.TIMED_OUT: "TIMEOUT",
    JobState.CANCELLED: "cancelled",
    JobState.LOST: "LOST",
}


def word(state: str) -> str:
    """The word that users read for a state."""
    return _WORDS.get(JobState(state), state) if state in JobState.__members__.values() else state


def printable(text: object) -> str:
    """One line that is safe to show: control characters (a job's escape codes too) become '?'."""
    return "".join(
        letter if letter.isprintable() else " " if letter in "\t\n\r" else "?"
        for letter in str(text)
    )


def file_line(path: str, added: int | None, removed: int | None) -> str:
    """A file with the number of its changed lines, for a list; None: it is binary."""
    return f"    {printable(path)}  {'binary' if added is None else f'+{added} -{removed}'}"


def clock(seconds: float | None) -> str:
    """00:22:15; nothing for a time that is not known or not finite."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    total = max(0, round(seconds))
    return f"{total // 3600:02d}:{total % 3600 // 60:02d}:{total % 60:02d}"


def spoken(seconds: float | None) -> str:
    """13m52s; 4.2s below ten seconds; nothing for a time that is not known or not finite."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f}s"
    total = round(seconds)
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02d}s"
    return f"{total // 3600}h{total % 3600 // 60:02d}m"


def number(value: object) -> str:
    """A metric with four places after the point, in short form when very small or large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else printable(value)
    if isinstance(value, int) and abs(value) < 10_000_000:
        return str(value)
    is_plain = value == 0 or 1e-3 <= abs(value) < 1e5
    return f"{value:.4f}" if is_plain else f"{value:.3g}"


def mean_and_std(mean: float, std: float | None) -> str:
    """`0.9225 ± 0.0007`; only the mean where there is no standard deviation (a single run)."""
    return number(mean) if std is None else f"{number(mean)} ± {number(std)}"


def short_p(p: float) -> str:
    """A p-value in two significant places."""
    return f"{p:.2g}"


def signed(value: float) -> str:
    """A difference with its sign."""
    return ("+" if value >= 0 else "-") + number(abs(value))


def listed(names: Sequence[str], shown: int, *, joint: str = ", ") -> str:
    """The first `shown` names, and how many more there are."""
    more = len(names) - shown
    return joint.join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def counted(many: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{many} {noun}" if many == 1 else f"{many} {noun}s"
