"""The view of a running sweep on stderr: a table redrawn in place on a terminal, one line per event
elsewhere.

Hides the thread that tails the ledger, and that its cost depends on what runs, never on how many
jobs there are.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from sweeptree.analysis.failures import last_error_line
from sweeptree.cli.screens.board import Board, Row
from sweeptree.cli.screens.terminal import (
    Column,
    clock,
    colour_ok,
    live_ok,
    number,
    printable,
    shorten,
    sparkline,
    spoken,
    table,
    to_ascii,
    unicode_ok,
)
from sweeptree.cli.screens.view import WAITING, LedgerTail, read_tail, word
from sweeptree.model import JobState
from sweeptree.records import SweepPaths
from sweeptree.system.room import Room, pause_line

if TYPE_CHECKING:
    from rich.live import Live

_FRAME_SECONDS = 0.25
_LOG_TAIL = 8 * 1024
_WIDE = 140
_LINE = 400
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


class LiveView:
    """Shows a sweep while it runs; a context manager. It never raises into the run that it watches.

    `jobs` are those of sweep.json (id, config_id, seed), `metric` is the spec's `name:max`,
    `gpu_labels` maps UUIDs to what users call the GPUs, `room` is what the disk must have before a
    job starts. The view ends with the `with` block, after the last events have been shown.
    """

    def __init__(
        self,
        paths: SweepPaths,
        jobs: Sequence[Mapping[str, Any]],
        *,
        metric: str | None = None,
        gpu_labels: Mapping[str, str] | None = None,
        room: Room | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self._paths = paths
        self._stream = stream or sys.stderr
        self._stop = threading.Event()
        self._room = room
        self._lack: str | None = None
        self._board = Board(paths, jobs, metric=metric, gpu_labels=gpu_labels)
        # Opened before the first job: the ledger of an earlier run of this sweep is history, not
        # news.
        self._ledger = LedgerTail(paths)
        for entry in _drain(self._ledger):
            self._board.apply(entry)
        self._board.forget_running()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LiveView:
        show = self._redraw if live_ok(self._stream) else self._print_lines
        self._thread = threading.Thread(
            target=self._guarded, args=(show,), name="live-view", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _guarded(self, show: Any) -> None:
        try:
            show()
        except (
            OSError,
            ValueError,
        ):  # the terminal has gone, or stderr is closed: the sweep goes on
            return

    def _print_lines(self) -> None:
        """One plain line per change of state, until the end and everything up to it."""
        while True:
            ending = self._stop.wait(_FRAME_SECONDS)
            self._tell_room()
            for entry in _drain(self._ledger):
                if self._board.apply(entry) and entry.get("state") != JobState.PLANNED:
                    row = self._board.row(entry["id"])
                    self._write(event_line(self._paths, row, colour=colour_ok(self._stream)))
            self._stream.flush()
            if ending:
                return

    def _lacking(self) -> str | None:
        """What the disk lacks, while jobs are left that this keeps from starting."""
        if self._room is None or not self._board.counts[JobState.PLANNED]:
            return None
        return self._room.lacking()

    def _tell_room(self) -> None:
        before, self._lack = self._lack, self._lacking()
        if (before is None) != (self._lack is None):
            now = datetime.now().astimezone()
            self._write(
                printable(f"{now:%H:%M:%S} {self._paths.root.name} {pause_line(self._lack)}")
            )

    def _write(self, line: str) -> None:
        self._stream.write((line if unicode_ok(self._stream) else to_ascii(line)) + "\n")

    def _redraw(self) -> None:
        """The table, drawn anew at most four times a second; it stays on the screen at the end."""
        with _rich_live(self._stream) as live:
            while True:
                ending = self._stop.wait(_FRAME_SECONDS)
                for entry in _drain(self._ledger):
                    self._board.apply(entry)
                size = live.console.size
                lines = render(
                    self._board, min(_WIDE, size.width), max(4, size.height - 4), self._lacking()
                )
                live.update(_styled(lines, plain=not unicode_ok(self._stream)), refresh=True)
                if ending:
                    return


def _drain(ledger: LedgerTail) -> Iterable[dict[str, Any]]:
    while entries := ledger.read():
        yield from entries


def _rich_live(stream: TextIO) -> Live:
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=stream, no_color=not colour_ok(stream), highlight=False, markup=False, soft_wrap=False
    )
    return Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)


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
    words = [f"{now:%H:%M:%S}", paths.root.name, f"job {row.index}", state]
    if row.attempt > 1:
        words.append(f"attempt={row.attempt}")
    if row.exit_code:
        words.append(f"exit={row.exit_code}")
    if row.state != JobState.RUNNING and row.seconds is not None:
        words.append(spoken(row.seconds))
    words += [printable(row.config), f"seed={row.seed}" if row.seed is not None else ""]
    words += [f"gpu={','.join(row.gpus)}"] if row.state == JobState.RUNNING and row.gpus else []
    words += [f"{printable(name)}={number(value)}" for name, value in row.shown_metrics.items()]
    if row.state in _WRONG:
        words.append(
            last_error_line(read_tail(paths.log(row.index), _LOG_TAIL)) or printable(row.reason)
        )
    line = shorten(" ".join(text for text in words if text), _LINE)
    code = _CODES.get(JobState(row.state)) if colour else None
    return line.replace(f" {state}", f" \x1b[{code}m{state}\x1b[0m", 1) if code else line


def render(board: Board, room: int, height: int, lack: str | None = None) -> list[tuple[str, str]]:
    """The screen as (line, style): counts, why nothing starts, jobs that run, the latest that
    ended: what fits."""
    rows = board.visible(height - 3 - (lack is not None))
    pause = [(shorten(printable(pause_line(lack)), room), "bold yellow")] if lack else []
    metric = board.metric_name or "metric"
    columns = (
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("state"),
        Column("gpu", rank=3),
        Column("step", rank=2, right=True),
        Column(metric),
        Column("curve", rank=4),
        Column("time", rank=1, right=True),
        Column("note", rank=5, flexible=True),
    )
    lines = table(columns, [_cells(board, row) for row in rows], room)
    styles = ["bold", *(_STYLES.get(JobState(row.state), "") for row in rows)]
    styled = [
        (shorten(line, room), styles[place] if place < len(styles) else "dim")
        for place, line in enumerate(lines)
    ]
    rest = board.total - len(rows)
    more = [(f"  {rest} more jobs:  sweeptree status {board.name}", "dim")] if rest > 0 else []
    return [(shorten(_headline(board), room), "bold"), *pause, *styled, *more]


def _headline(board: Board) -> str:
    counts = board.counts
    told = [
        f"{counts[state]} {word(state)}"
        for state in JobState
        if counts[state] and state is not JobState.PLANNED
    ]
    told.append(f"{counts[JobState.PLANNED]} {WAITING}")
    parts = [board.name, f"{board.percent}%", *told]
    if board.best is not None:
        parts.append(f"best {board.metric_name} {number(board.best)}")
    remaining = board.remaining_seconds()
    parts += [
        clock(time.monotonic() - board.began),
        f"ETA {clock(remaining)}" if remaining is not None else "",
    ]
    return "  ".join(part for part in parts if part)


def _cells(board: Board, row: Row) -> list[str]:
    running = row.state == JobState.RUNNING
    curve = board.curve(row)
    value = row.metrics.get(board.metric_name or "")
    if value is None and curve.values:
        value = curve.values[-1]
    return [
        str(row.index),
        printable(row.config),
        "" if row.seed is None else str(row.seed),
        word(row.state),
        ",".join(row.gpus),
        "" if curve.step is None else number(curve.step),
        number(value),
        sparkline(curve.values),
        clock(row.elapsed() if running else row.seconds),
        printable(row.reason) if row.state in _WRONG else "",
    ]
