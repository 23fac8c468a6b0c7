"""The body of a pull request: the evidence, as GitHub's Markdown. Pure.

Hides how text of others (commands, file names, values) is written so that it formats nothing, pings
nobody and refers to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sweeptree.analysis.wording import mean_and_std
from sweeptree.model import Scalar

_SHOWN_FILES = 50
_SHOWN_ROWS = 30
_COMMAND = 4000


@dataclass(frozen=True, slots=True)
class Score:
    """A metric over the seeds of a config: `values` one per job, in the order of the jobs."""

    name: str
    mean: float
    std: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain text under column titles."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a change. Empty parts are left out of the body."""

    heading: str = ""
    command: str = ""
    commit: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    params: Mapping[str, Scalar] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()
    table: Table | None = None
    reproduce: str = ""


def render(evidence: Evidence, *, note: str = "", left_out: Sequence[str] = ()) -> str:
    """The evidence as Markdown. `note` is the user's own Markdown and stands first, as written."""
    parts = (
        note.strip(),
        _heading(evidence.heading),
        _command(evidence.command),
        _facts(evidence),
        _params(evidence.params),
        _scores(evidence.scores),
        _leaderboard(evidence.table),
        _reproduce(evidence.reproduce),
        _left_out(left_out),
    )
    return "\n\n".join(filter(None, parts))


def _heading(text: str) -> str:
    return f"### {plain(text)}" if text else ""


def _command(command: str) -> str:
    return fenced(command[:_COMMAND]) if command else ""


def _facts(evidence: Evidence) -> str:
    facts = (("commit", evidence.commit), *evidence.facts)
    lines = [f"- {plain(name)}: {code(value)}" for name, value in facts if value]
    return "\n".join(lines)


def _params(params: Mapping[str, Scalar]) -> str:
    if not params:
        return ""
    rows = [(name, str(value)) for name, value in params.items()]
    return "**Configuration**\n\n" + _table(("parameter", "value"), rows)


def _scores(scores: Sequence[Score]) -> str:
    if not scores:
        return ""
    rows = [(score.name, mean_and_std(score.mean, score.std), str(score.count)) for score in scores]
    return "**Metrics** (mean ± std over seeds)\n\n" + _table(("metric", "mean ± std", "n"), rows)


def _leaderboard(table: Table | None) -> str:
    return "**Leaderboard**\n\n" + _table(table.columns, table.rows) if table else ""


def _reproduce(command: str) -> str:
    return "**Reproduce**\n\n" + fenced(command[:_COMMAND]) if command else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(columns), "|" + " --- |" * len(columns)]
    lines += [_row(row) for row in rows[:_SHOWN_ROWS]]
    more = len(rows) - _SHOWN_ROWS
    return "\n".join(lines) + (f"\n\n({more} more rows)" if more > 0 else "")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"


def _left_out(left_out: Sequence[str]) -> str:
    if not left_out:
        return ""
    lines = [f"- {code(line)}" for line in left_out[:_SHOWN_FILES]]
    more = len(left_out) - _SHOWN_FILES
    if more > 0:
        lines.append(f"- and {more} more")
    return "**Not committed**\n\n" + "\n".join(lines)


def plain(text: str) -> str:
    """One line of text that formats nothing, mentions nobody and links to no issue."""
    line = _one_line(text)
    line = re.sub(r"([\\`*_{}\[\]<>|~])", r"\\\1", line)
    return re.sub(r"([@#])(?=\w)", "\\1\u200b", line)


def code(text: str) -> str:
    """A code span of one line."""
    line = _one_line(text)
    ticks = "`" * (_longest(line) + 1)
    pad = " " if "`" in line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def _one_line(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())


def fenced(text: str, language: str = "sh") -> str:
    """A code block that its own text cannot end."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest(text: str) -> int:
    runs = re.findall("`+", text)
    return max(map(len, runs), default=0)
