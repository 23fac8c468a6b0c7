"""What the terminal can show: width, colour, letters. Data goes to stdout, messages to stderr.

Hides: the rules for NO_COLOR, FORCE_COLOR, CI, TERM and the locale, and the plain-text table that
hides columns, never the needed ones, when it is narrow and names those it hid.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

# The command line's modules take these from here, beside what else they write with.
from sweeptree.analysis.wording import clock as clock  # noqa: PLC0414
from sweeptree.analysis.wording import number as number  # noqa: PLC0414
from sweeptree.analysis.wording import printable as printable  # noqa: PLC0414
from sweeptree.analysis.wording import spoken as spoken  # noqa: PLC0414

MAX_WIDTH = 92
_ASCII = {"±": "+/-", "–": "-", "—": "-", "…": "~", "✓": "+", "✗": "x", "▶": ">", "·": "."}
_SPARK = "▁▂▃▄▅▆▇█"
_SPARK_ASCII = "_.-=+*#@"


def unicode_ok(stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> bool:
    """True when the locale is UTF-8.

    Python turns a C locale into C.UTF-8; the terminal does not follow.
    """
    environ = os.environ if environ is None else environ
    encoding = (getattr(stream or sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    if encoding != "utf8":
        return False
    if (
        environ.get("PYTHONUTF8") == "1"
        or "PYTHONIOENCODING" in environ
        or sys.platform == "darwin"
    ):
        return True
    kind = environ.get("LC_CTYPE", "")
    chosen = environ.get("LC_ALL") or (kind if kind != "C.UTF-8" else "") or environ.get("LANG", "")
    return "utf-8" in chosen.lower() or "utf8" in chosen.lower()


def colour_ok(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """True when escape codes for colour are wanted: NO_COLOR, then FORCE_COLOR, then a real
    terminal."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "") not in ("", "0"):
        return True
    return _is_terminal(stream) and environ.get("TERM") != "dumb"


def live_ok(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """True when a table may be redrawn in place: a real terminal, not CI, not TERM=dumb."""
    environ = os.environ if environ is None else environ
    return (
        _is_terminal(stream)
        and environ.get("CI", "") in ("", "0", "false")
        and environ.get("TERM") != "dumb"
    )


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
    """At most `room` characters; what is cut is marked."""
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"


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

    `rank` 0 is never hidden; the highest rank goes first. `flexible` may be cut.
    """

    title: str
    rank: int = 0
    flexible: bool = False
    right: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int, indent: str = "  "
) -> list[str]:
    """The lines of a plain table no wider than `room` where its needed columns allow; hidden
    columns are named."""
    if not unicode_ok():  # before anything is measured: the ASCII for a sign may be longer
        columns = [replace(column, title=to_ascii(column.title)) for column in columns]
        rows = [[to_ascii(cell) for cell in row] for row in rows]
    shown = [place for place, _ in enumerate(columns) if _has_content(columns, rows, place)]
    widths = {place: _content_width(columns, rows, place) for place in shown}
    hidden: list[str] = []
    while True:
        sizes = _fit(columns, shown, widths, room - len(indent))
        if sizes is not None:
            break
        candidates = [place for place in shown if columns[place].rank > 0]
        if not candidates:
            sizes = widths
            break
        worst = max(candidates, key=lambda place: (columns[place].rank, place))
        shown.remove(worst)
        hidden.append(columns[worst].title)
    lines = [_row(columns, shown, sizes, [column.title for column in columns], indent)]
    lines += [_row(columns, shown, sizes, row, indent) for row in rows]
    if hidden:
        lines.append(f"{indent}({len(hidden)} hidden at this width: {', '.join(sorted(hidden))})")
    return lines


def _has_content(columns: Sequence[Column], rows: Sequence[Sequence[str]], place: int) -> bool:
    return columns[place].rank == 0 or any(row[place] for row in rows)


def _content_width(columns: Sequence[Column], rows: Sequence[Sequence[str]], place: int) -> int:
    return max([len(columns[place].title), *(len(row[place]) for row in rows)])


def _fit(
    columns: Sequence[Column], shown: list[int], widths: dict[int, int], room: int
) -> dict[int, int] | None:
    """The widths when everything fits, cutting flexible columns to no less than 12; None when it
    cannot."""
    sizes = {place: widths[place] for place in shown}
    over = sum(sizes.values()) + 2 * (len(shown) - 1) - room
    for place in sorted(shown, key=lambda place: -widths[place]):
        if over <= 0:
            break
        if columns[place].flexible:
            cut = min(over, max(0, sizes[place] - max(12, len(columns[place].title))))
            sizes[place] -= cut
            over -= cut
    return sizes if over <= 0 else None


def _row(
    columns: Sequence[Column],
    shown: list[int],
    sizes: Mapping[int, int],
    row: Sequence[str],
    indent: str,
) -> str:
    cells = []
    for place in shown:
        text = shorten(row[place], sizes[place])
        cells.append(text.rjust(sizes[place]) if columns[place].right else text.ljust(sizes[place]))
    return (indent + "  ".join(cells)).rstrip()
