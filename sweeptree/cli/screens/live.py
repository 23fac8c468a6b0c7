"""A running sweep on stderr: a table redrawn on a terminal, one line per event elsewhere.

Hides the thread that tails the ledger, and that its cost depends on what runs, never on how many
jobs there are.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from sweeptree.analysis.failures import last_error_line
from sweeptree.analysis.wording import DIVERGED
from sweeptree.cli.screens.beside import Beside
from sweeptree.cli.screens.board import HERE, Board, Places, Row
from sweeptree.cli.screens.job_curves import Curve
from sweeptree.cli.screens.terminal import (
    Column,
    clock,
    colour_ok,
    counted,
    live_ok,
    number,
    printable,
    shorten,
    shorten_middle,
    sparkline,
    spoken,
    table,
    to_ascii,
    unicode_ok,
)
from sweeptree.model import JobState
from sweeptree.records import SweepPaths
from sweeptree.sweep.tails import LedgerTail, NoticeTail, read_tail
from sweeptree.sweep.view import WAITING, word
from sweeptree.system.room import Room, pause_line

if TYPE_CHECKING:
    from rich.live import Live

_FRAME_SECONDS = 0.25
_LOG_TAIL = 8 * 1024
_WIDE = 140
_LINE = 400
_ERROR = 240
_LEAST_NAME = 8
_PAUSE = 30.0  # seconds without a running job that are worth a word
_PAUSED_SHARE = 0.05
_WRONG = (JobState.FAILED, JobState.TIMED_OUT, JobState.LOST)
_STYLES = {
    JobState.RUNNING: "cyan",
    JobState.SUCCEEDED: "green",
    JobState.FAILED: "bold red",
    JobState.TIMED_OUT: "bold red",
    JobState.LOST: "bold red",
    JobState.CANCELLED: "yellow",
}
_CODES = {JobState.SUCCEEDED: "32", JobState.CANCELLED: "33", **dict.fromkeys(_WRONG, "1;31")}


class LiveView(Beside):
    """Shows a sweep while it runs; a context manager. It never raises into the run that it watches.

    `jobs` are those of sweep.json (id, config_id, seed), `metric` is the spec's `name:max`,
    `places` says what users call the hosts and GPUs, `room` is what the disk must have before a job
    starts. The view ends with the `with` block, after the last events have been shown.
    """

    def __init__(
        self,
        paths: SweepPaths,
        jobs: Sequence[Mapping[str, Any]],
        *,
        metric: str | None = None,
        places: Places = HERE,
        room: Room | None = None,
        stream: TextIO | None = None,
    ) -> None:
        super().__init__("live-view")
        self._paths = paths
        self._stream = stream or sys.stderr
        self._room = room
        self._lack: str | None = None
        self._named: set[tuple[int, str]] = set()
        self._board = Board(paths, jobs, metric=metric, places=places)
        # Opened before the first job: the ledger of an earlier run of this sweep is history, not
        # news.
        self._ledger = LedgerTail(paths)
        for entry in _drain(self._ledger):
            self._board.apply(entry)
        self._board.forget_running()
        self._notices = NoticeTail(paths)
        self._notices.read()

    def _show(self) -> None:
        """The terminal may go, or stderr be closed: the sweep goes on without its view."""
        with contextlib.suppress(OSError, ValueError):
            self._redraw() if live_ok(self._stream) else self._print_lines()

    def _print_lines(self) -> None:
        """One plain line per change of state, until the end and everything up to it."""
        while True:
            ending = self._stop.wait(_FRAME_SECONDS)
            self._print_room()
            for line in self._news():
                self._write(line)
            self._print_keepers()
            for entry in _drain(self._ledger):
                if self._board.apply(entry) and entry.get("state") != JobState.PLANNED:
                    self._print_event(entry["id"])
            self._stream.flush()
            if ending:
                return

    def _print_event(self, index: int) -> None:
        row = self._board.row(index)
        self._write(event_line(self._paths, row, colour=colour_ok(self._stream)))

    def _lacking(self) -> str | None:
        """What the disk lacks, while jobs are left that this keeps from starting."""
        if self._room is None or not self._board.counts[JobState.PLANNED]:
            return None
        return self._room.lacking()

    def _print_room(self) -> None:
        before, self._lack = self._lack, self._lacking()
        if (before is None) != (self._lack is None):
            now = datetime.now().astimezone()
            self._write(
                printable(f"{now:%H:%M:%S} {self._paths.root.name} {pause_line(self._lack)}")
            )

    def _news(self) -> Iterator[str]:
        """What one should know beside the jobs."""
        for notice in self._notices.read():
            now = datetime.now().astimezone()
            yield printable(f"{now:%H:%M:%S} {self._paths.root.name} {notice['text']}")

    def _print_keepers(self) -> None:
        """Name each keeper that does not answer, once."""
        news = self._board.keeper_notes().items() - self._named
        self._named |= news
        for index, note in sorted(news):
            now = datetime.now().astimezone()
            self._write(f"{now:%H:%M:%S} {self._paths.root.name} job {index} {note}")

    def _write(self, line: str) -> None:
        self._stream.write((line if unicode_ok(self._stream) else to_ascii(line)) + "\n")

    def _redraw(self) -> None:
        """The table, drawn anew at most four times a second; it stays on the screen at the end."""
        with _rich_live(self._stream) as live:
            while True:
                ending = self._stop.wait(_FRAME_SECONDS)
                for entry in _drain(self._ledger):
                    self._board.apply(entry)
                for line in self._news():
                    live.console.print(line if unicode_ok(self._stream) else to_ascii(line))
                self._draw(live)
                if ending:
                    return

    def _draw(self, live: Live) -> None:
        size = live.console.size
        room, height = min(_WIDE, size.width), max(4, size.height - 4)
        lines = render(self._board, room, height, self._lacking())
        live.update(_styled(lines, plain=not unicode_ok(self._stream)), refresh=True)


def _drain(ledger: LedgerTail) -> Iterable[dict[str, Any]]:
    while entries := ledger.read():
        yield from entries


def _rich_live(stream: TextIO) -> Live:
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=stream, no_color=not colour_ok(stream), highlight=False, markup=False, soft_wrap=False
    )
    # Redirected: what is said meanwhile (after Ctrl-C) goes above the table, not through it.
    return Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=True)


def _styled(lines: Sequence[tuple[str, str]], *, plain: bool) -> Any:
    from rich.text import Text

    text = Text(no_wrap=True, overflow="ellipsis" if not plain else "crop", end="")
    for line, style in lines:
        text.append(to_ascii(line) if plain else line, style=style or None)
        text.append("\n")
    return text


def event_line(
    paths: SweepPaths, row: Row, now: datetime | None = None, *, colour: bool = False
) -> str:
    """`20:27:54 unet_lr job 0 ok 13m52s lr=3e-4 seed=1 val_auc=0.9231`, in local time."""
    now = now or datetime.now().astimezone()
    state = word(row.state)
    head = f"{now:%H:%M:%S} {paths.root.name} job {row.index} {state}"
    error = _error(paths, row)
    words = [head, *_outcome_words(row), *_job_words(row)]
    known = shorten(" ".join(filter(None, words)), _LINE - len(error) - 1)
    line = f"{known} {error}".rstrip()
    code = _CODES.get(JobState(row.state)) if colour else None
    return line.replace(f" {state}", f" \x1b[{code}m{state}\x1b[0m", 1) if code else line


def _outcome_words(row: Row) -> Iterator[str]:
    if row.attempt > 1:
        yield f"attempt={row.attempt}"
    if row.exit_code:
        yield f"exit={row.exit_code}"
    if row.state != JobState.RUNNING and row.seconds is not None:
        yield spoken(row.seconds)


def _job_words(row: Row) -> Iterator[str]:
    yield printable(row.config)
    if row.seed is not None:
        yield f"seed={row.seed}"
    if row.host:
        yield f"host={printable(row.host)}"
    if row.state == JobState.RUNNING and row.gpus:
        yield f"gpu={','.join(row.gpus)}"
    for name, value in row.shown_metrics.items():
        yield f"{printable(name)}={value}"


def _error(paths: SweepPaths, row: Row) -> str:
    """Of a job that went wrong: the last line of its log that names an error, else the reason."""
    if row.state not in _WRONG:
        return ""
    found = last_error_line(read_tail(paths.log(row.index), _LOG_TAIL)) or printable(row.reason)
    return shorten_middle(found, _ERROR)


def render(board: Board, room: int, height: int, lack: str | None = None) -> list[tuple[str, str]]:
    """The screen as (line, style): counts, why nothing starts, jobs that run, those that ended."""
    is_paused = lack is not None
    rows = board.visible(height - 3 - is_paused)
    lines = [(_headline(board, room), "bold")]
    if lack:
        lines.append((printable(pause_line(lack)), "bold yellow"))
    lines += _table(board, rows, room)
    shown = [(shorten(line, room), style) for line, style in lines]
    rest = board.total - len(rows)
    if rest > 0:
        more = counted(rest, "more job")
        shown.append((f"  {more}:  sweeptree status {board.name}", "dim"))
    return shown


def _table(board: Board, rows: Sequence[Row], room: int) -> list[tuple[str, str]]:
    """The table's lines, each in the style of its job's state."""
    lines = table(_columns(board), [_cells(board, row) for row in rows], room)
    styles = ["bold", *(_STYLES.get(JobState(row.state), "") for row in rows)]
    return list(zip_longest(lines, styles[: len(lines)], fillvalue="dim"))


def _columns(board: Board) -> list[Column]:
    return [
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("state"),
        Column("host:gpu", rank=1) if board.places.on_hosts else Column("gpu", rank=3),
        Column("step", rank=2, right=True),
        Column(board.metric_name or "metric"),
        Column("curve", rank=4),
        Column("time", rank=1, right=True),
        Column("note", rank=5, flexible=True, keeps_end=True),
    ]


def _headline(board: Board, room: int) -> str:
    """What there is room for: how many run and the time left stay; the best, the name and then the
    other counts give way."""
    times, counts = _times(board), list(_counts(board))
    best = "" if board.best is None else f"best {board.metric_name} {number(board.best)}"
    percent = f"{board.percent}%"
    full = _joined(board.name, percent, *counts, best, *times)
    if len(full) <= room:
        return full
    needed = _joined(percent, *counts, *times)
    name = shorten(board.name, max(_LEAST_NAME, room - len(needed) - 2))
    running = [count for count in counts if count.endswith(word(JobState.RUNNING))]
    shorter = (
        _joined(name, percent, *counts, *times),
        needed,
        _joined(percent, *counts, *times[-1:]),
        _joined(percent, *running, *times),
    )
    return next((line for line in shorter if len(line) <= room), _joined(*running, *times[-1:]))


def _times(board: Board) -> list[str]:
    """The time since the start, of how much of it jobs ran where they paused, and the time left."""
    wall, active = time.monotonic() - board.began, board.active_seconds()
    has_paused = wall - active >= max(_PAUSE, _PAUSED_SHARE * wall)
    times = [f"active {clock(active)} of {clock(wall)}" if has_paused else clock(wall)]
    remaining = board.remaining_seconds()
    return times if remaining is None else [*times, f"ETA {clock(remaining)}"]


def _joined(*parts: str) -> str:
    return "  ".join(part for part in parts if part)


def _counts(board: Board) -> Iterator[str]:
    """How many jobs are in each state; those that wait come last."""
    for state in JobState:
        if board.counts[state] and state is not JobState.PLANNED:
            yield f"{board.counts[state]} {word(state)}"
    yield f"{board.counts[JobState.PLANNED]} {WAITING}"


def _cells(board: Board, row: Row) -> list[str]:
    curve = board.curve(row)
    is_running = row.state == JobState.RUNNING
    return [
        str(row.index),
        printable(row.config),
        "" if row.seed is None else str(row.seed),
        word(row.state),
        _where(row),
        "" if curve.step is None else number(curve.step),
        _metric_cell(board, row, curve),
        sparkline(curve.values),
        clock(row.elapsed() if is_running else row.seconds),
        _note(board, row),
    ]


def _where(row: Row) -> str:
    """The host of a sweep over hosts, and the GPUs."""
    return ":".join(filter(None, (printable(row.host), ",".join(row.gpus))))


def _note(board: Board, row: Row) -> str:
    """Why a job went wrong, or that the keeper of one that runs does not answer."""
    if row.state in _WRONG:
        return printable(row.reason)
    return board.keeper_notes().get(row.index, "")


def _metric_cell(board: Board, row: Row, curve: Curve) -> str:
    has_reported = row.state == JobState.RUNNING and curve.has_diverged
    if row.has_diverged or has_reported:
        return DIVERGED
    return number(_value(board, row, curve))


def _value(board: Board, row: Row, curve: Curve) -> float | None:
    """The metric in the record, else the last that the job has reported."""
    value = row.metrics.get(board.metric_name or "")
    if value is None and curve.values:
        return curve.values[-1]
    return value
