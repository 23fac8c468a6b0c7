"""What the terminal can show: width, colour, letters. Data goes to stdout, messages to stderr.

Hides: the rules for NO_COLOR, FORCE_COLOR, CI, TERM and the locale, and the plain-text table that
hides columns, never the needed ones, when it is narrow and names those it hid.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

# The command line's modules take these from here, beside what else they write with.
from sweeptree.analysis.wording import clock as clock  # noqa: PLC0414
from sweeptree.analysis.wording import number as number  # noqa: PLC0414
from sweeptree.analysis.wording import printable as printable  # noqa: PLC0414
from sweeptree.analysis.wording import spoken as spoken  # noqa: PLC0414

MAX_WIDTH = 92
_LEAST_FLEXIBLE = 12
_ASCII = {"±": "+/-", "–": "-", "—": "-", "…": "~", "✓": "+", "✗": "x", "▶": ">", "·": "."}
_SPARK = "▁▂▃▄▅▆▇█"
_SPARK_ASCII = "_.-=+*#@"


def unicode_ok(stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> bool:
    """True when the locale is UTF-8.

    Python turns a C locale into C.UTF-8; the terminal does not follow.
    """
    environ = os.environ if environ is None else environ
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        return False
    return _is_utf8_chosen(environ) or _is_utf8_locale(environ)


def _is_utf8_chosen(environ: Mapping[str, str]) -> bool:
    chosen = environ.get("PYTHONUTF8") == "1" or "PYTHONIOENCODING" in environ
    return chosen or sys.platform == "darwin"


def _is_utf8_locale(environ: Mapping[str, str]) -> bool:
    kind = environ.get("LC_CTYPE", "")
    if kind == "C.UTF-8":  # Python's own doing
        kind = ""
    locale = environ.get("LC_ALL") or kind or environ.get("LANG", "")
    return "utf8" in locale.lower().replace("-", "")


def colour_ok(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """True when colours are wanted: NO_COLOR, then FORCE_COLOR, then a real terminal decides."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "") not in ("", "0"):
        return True
    return _is_terminal(stream) and environ.get("TERM") != "dumb"


def live_ok(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """True when a table may be redrawn in place: a real terminal, not CI, not TERM=dumb."""
    environ = os.environ if environ is None else environ
    if environ.get("CI", "") not in ("", "0", "false"):
        return False
    return _is_terminal(stream) and environ.get("TERM") != "dumb"


def somebody_types() -> bool:
    """True when a question can be answered: standard input is a terminal."""
    return _is_terminal(sys.stdin)


def agreed(question: str) -> bool:
    """Ask on the terminal; only y or yes means yes."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def width(limit: int = MAX_WIDTH) -> int:
    """Columns that may be used: $COLUMNS or the terminal's width, at most `limit`."""
    return max(40, min(limit, shutil.get_terminal_size((limit, 24)).columns))


def write_out(text: str) -> None:
    """Write data to stdout."""
    sys.stdout.write(readable(text))


def readable(text: str) -> str:
    """The text as stdout can show it."""
    return text if unicode_ok(sys.stdout) else to_ascii(text)


def say(text: str) -> None:
    """Write a message to stderr."""
    sys.stderr.write((text if unicode_ok(sys.stderr) else to_ascii(text)) + "\n")


def to_ascii(text: str) -> str:
    """The text with our own signs replaced by ASCII ones and every other letter by '?'."""
    for sign, plain in zip(_SPARK, _SPARK_ASCII, strict=True):
        text = text.replace(sign, plain)
    for sign, plain in _ASCII.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()


def shorten(text: str, room: int) -> str:
    """At most `room` characters, cut between words where one is near; what is cut is marked."""
    if len(text) <= room:
        return text
    size = max(0, room - 1)
    return text[: _word_end(text, size)].rstrip() + "…"


def _word_end(text: str, size: int) -> int:
    """Where to cut a text of more than `size` characters: behind a word, or else in the middle of
    a long one."""
    if text[size] == " ":
        return size
    end = text.rfind(" ", 0, size)
    return end if end >= size // 3 else size


def shorten_middle(text: str, room: int) -> str:
    """At most `room` characters, with beginning and end: the end of an error says what it is."""
    if len(text) <= room:
        return text
    head = max(0, room - 1) // 3
    tail = max(0, room - 1 - head)
    kept = text[: _word_end(text, head)].rstrip()
    backwards = text[::-1]
    end = backwards[: _word_end(backwards, tail)].rstrip()[::-1]
    return f"{kept}…{end}"


def sparkline(values: Sequence[float]) -> str:
    """A tiny curve, one sign per value."""
    if not values:
        return ""
    low, high = min(values), max(values)
    scale = (len(_SPARK) - 1) / (high - low) if high > low else 0.0
    return "".join(_SPARK[round((value - low) * scale)] for value in values)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    `rank` 0 is never hidden; the highest rank goes first. `flexible` may be cut, at its end or,
    with `keeps_end`, in the middle.
    """

    title: str
    rank: int = 0
    flexible: bool = False
    right: bool = False
    keeps_end: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int, indent: str = "  "
) -> list[str]:
    """The lines of a plain table, no wider than `room` where its needed columns allow.

    Columns that had to be hidden are named below it.
    """
    grid = _Grid.of(columns, rows)
    shown = grid.with_content()
    widths, hidden = _layout(grid, shown, room - len(indent))
    titles = [column.title for column in grid.columns]
    lines = [grid.line(titles, widths, indent), *(grid.line(r, widths, indent) for r in grid.rows)]
    if hidden:
        lines.append(f"{indent}({len(hidden)} hidden at this width: {', '.join(sorted(hidden))})")
    return lines


@dataclass(frozen=True, slots=True)
class _Grid:
    """Columns and cells as this terminal can show them; a column is named by its place."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    @classmethod
    def of(cls, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> _Grid:
        """Turned into ASCII before anything is measured: a sign's stand-in may be longer."""
        if unicode_ok():
            return cls(columns, rows)
        titled = [replace(column, title=to_ascii(column.title)) for column in columns]
        return cls(titled, [[to_ascii(cell) for cell in row] for row in rows])

    def with_content(self) -> list[int]:
        """The columns that are needed or hold something."""
        places = range(len(self.columns))
        return [place for place in places if self.columns[place].rank == 0 or self._holds(place)]

    def _holds(self, place: int) -> bool:
        return any(row[place] for row in self.rows)

    def widest(self, place: int) -> int:
        """The width that shows a column whole."""
        title = self.columns[place].title
        return max([len(title), *(len(row[place]) for row in self.rows)])

    def line(self, row: Sequence[str], widths: Mapping[int, int], indent: str) -> str:
        """One row at these widths."""
        cells = [self._cell(row[place], place, size) for place, size in widths.items()]
        return (indent + "  ".join(cells)).rstrip()

    def _cell(self, text: str, place: int, size: int) -> str:
        cut = (shorten_middle if self.columns[place].keeps_end else shorten)(text, size)
        return cut.rjust(size) if self.columns[place].right else cut.ljust(size)


def _layout(grid: _Grid, shown: list[int], room: int) -> tuple[dict[int, int], list[str]]:
    """The widths of the columns that are shown, and the titles of those that had to go."""
    widths = {place: grid.widest(place) for place in shown}
    hidden: list[str] = []
    while True:
        fitting = _fit(grid.columns, widths, room)
        optional = [place for place in widths if grid.columns[place].rank > 0]
        if fitting is not None or not optional:
            return fitting or widths, hidden
        worst = max(optional, key=lambda place: (grid.columns[place].rank, place))
        del widths[worst]
        hidden.append(grid.columns[worst].title)


def _fit(columns: Sequence[Column], widths: dict[int, int], room: int) -> dict[int, int] | None:
    """The widths when all fit, flexible ones cut to no less than 12; None when they cannot."""
    sizes = dict(widths)
    over = sum(sizes.values()) + 2 * (len(sizes) - 1) - room
    for place in sorted(sizes, key=lambda place: -widths[place]):
        least = max(_LEAST_FLEXIBLE, len(columns[place].title))
        if over > 0 and columns[place].flexible:
            cut = min(over, max(0, sizes[place] - least))
            sizes[place] -= cut
            over -= cut
    return sizes if over <= 0 else None


def counted(many: int, noun: str) -> str:
    """`1 job`, `3 jobs`."""
    return f"{many} {noun}" if many == 1 else f"{many} {noun}s"


def size(many: int) -> str:
    """So many bytes, as people say it: 3.8 GB, 0.5 MB."""
    return f"{many / 1e9:.1f} GB" if many >= 1e9 else f"{many / 1e6:.1f} MB"


def fact_line(label: str, text: str, room: int | None = None) -> str:
    """One fact with its label, in a column of its own; on a terminal wrapped between words."""
    return "\n".join(_wrapped(f"  {label:<9} ", printable(text), room))


def point_lines(mark: str, text: str, room: int | None = None) -> list[str]:
    """A text of one or more lines, with a mark before the first; on a terminal wrapped between
    words."""
    lines = text.splitlines() or [""]
    marks = [mark, *(" " for _ in lines[1:])]
    return [
        part
        for start, line in zip(marks, lines, strict=True)
        for part in _wrapped(f"{start} ", printable(line), room)
    ]


def _wrapped(start: str, text: str, room: int | None) -> list[str]:
    """The text behind `start`, on lines of at most `room` (None: a terminal's width; what goes to a
    file or a pipe stays on one line)."""
    if room is None and not _is_terminal(sys.stdout):
        return [start + text]
    lines = textwrap.wrap(
        text,
        room or width(),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [start + text]
