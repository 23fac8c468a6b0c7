"""The live view: one line per event off a terminal, a table on one, and its cost with many jobs."""

import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

from core.cli.screens.board_kit import board, entry
from core.cli_records import put
from core.keeper_kit import until
from sweeptree.cli.screens.board import Board, Places
from sweeptree.cli.screens.live import LiveView, event_line, render
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore, add_notice, read_json
from sweeptree.system.clock import utc_now
from sweeptree.system.room import Room

SHOW = """
import os, sys
from pathlib import Path
from core.cli_records import put
from sweeptree.cli.screens.live import LiveView
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore, add_notice, read_json
from sweeptree.system.clock import utc_now
from sweeptree.system.room import Room
paths = SweepPaths(Path(sys.argv[1]))
jobs = read_json(paths.sweep)["jobs"]
with SweepStore.open(paths) as store, LiveView(paths, jobs, metric="val_auc:max"):
    put(store, 0, JobState.SUCCEEDED, metrics={"val_auc": 0.9231}, duration_seconds=832.0)
    put(store, 1, JobState.RUNNING, start_time=utc_now())
    if "SAY" in os.environ:
        sys.stdin.read()  # until a frame has been drawn
        os.write(2, os.environ.get("ECHO", "").encode())  # as the terminal itself does
        print(os.environ["SAY"], file=sys.stderr)
"""
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def jobs_of(paths: SweepPaths) -> list[dict[str, object]]:
    """The jobs of sweep.json."""
    jobs: list[dict[str, object]] = read_json(paths.sweep)["jobs"]
    return jobs


def on_terminal(paths: SweepPaths, columns: int, **env: str) -> bytes:
    """What the view writes to a terminal of this width."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    around = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "NO_COLOR", "COLUMNS", "LC_ALL")
    }
    around |= {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        **env,
    }
    words = [sys.executable, "-c", SHOW, str(paths.root)]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stderr=follower, stdout=follower, env=around
    )
    assert process.stdin is not None
    os.close(follower)
    seen = bytearray()
    try:
        while data := os.read(leader, 65536):
            seen += data
            if b"unet" in seen:
                process.stdin.close()
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    assert process.wait(60) == 0
    return bytes(seen)


def test_one_plain_line_per_change(paths: SweepPaths, store: SweepStore) -> None:
    stream = io.StringIO()
    with LiveView(paths, jobs_of(paths), metric="val_auc:max", stream=stream):
        put(store, 0, JobState.PLANNED)
        put(store, 0, JobState.RUNNING, gpus=("GPU-aaaa",))
        put(
            store,
            0,
            JobState.SUCCEEDED,
            duration_seconds=832.0,
            metrics={"val_auc": 0.9231, "loss": 1.0},
        )
    lines = [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()]
    assert lines == [
        "unet job 0 running lr=3e-4 seed=1 gpu=GPU-aaaa",
        "unet job 0 ok 13m52s lr=3e-4 seed=1 val_auc=0.9231",
    ]


def test_a_failure_shows_its_last_error_line(paths: SweepPaths, store: SweepStore) -> None:
    paths.log(1).write_bytes(b"ok\ntorch.OutOfMemoryError: \x1b[31mTried\x1b[0m\ncleaning up\n")
    stream = io.StringIO()
    with LiveView(paths, jobs_of(paths), stream=stream):
        put(store, 1, JobState.FAILED, exit_code=1, duration_seconds=2.0, reason="exit code 1")
    line = stream.getvalue()
    assert "job 1 FAILED exit=1 2.0s" in line and "OutOfMemoryError" in line and "\x1b" not in line


def test_colour_only_when_asked_for_off_a_terminal(
    paths: SweepPaths, store: SweepStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with LiveView(paths, jobs_of(paths), stream=stream):
        put(store, 1, JobState.FAILED)
    assert "\x1b[1;31mFAILED\x1b[0m" in stream.getvalue()


def test_gpus_have_the_names_that_users_know(paths: SweepPaths, store: SweepStore) -> None:
    stream = io.StringIO()
    places = Places({"GPU-1": "0", "GPU-2": "1"})
    with LiveView(paths, jobs_of(paths), places=places, stream=stream):
        put(store, 0, JobState.RUNNING, gpus=("GPU-1", "GPU-2"))
    assert stream.getvalue().endswith("gpu=0,1\n")


def test_what_stood_before_is_no_news(paths: SweepPaths, store: SweepStore) -> None:
    put(store, 0, JobState.SUCCEEDED)
    put(store, 1, JobState.RUNNING)
    stream = io.StringIO()
    with LiveView(paths, jobs_of(paths), stream=stream):
        put(store, 1, JobState.RUNNING, start_time=utc_now())
    assert stream.getvalue().count("\n") == 1 and "job 1 running" in stream.getvalue()


def test_the_end_of_the_block_ends_the_view(paths: SweepPaths) -> None:
    with LiveView(paths, jobs_of(paths), stream=io.StringIO()) as view:
        thread = view._thread
    assert thread is not None and not thread.is_alive()


def test_what_the_disk_lacks_is_said_once_while_jobs_wait(
    paths: SweepPaths, tmp_path: Path
) -> None:
    stream = io.StringIO()
    with LiveView(paths, jobs_of(paths), room=Room((tmp_path,), 2**34), stream=stream):
        until(lambda: "no job starts until there is room" in stream.getvalue())
    assert stream.getvalue().count("room") == 1 and f"free at {tmp_path}" in stream.getvalue()


def test_what_people_should_know_is_said_once_and_nothing_of_an_earlier_run(
    paths: SweepPaths,
) -> None:
    stream = io.StringIO()
    add_notice(paths, "of an earlier run")
    with LiveView(paths, jobs_of(paths), stream=stream):
        add_notice(paths, "gpu2 cannot be reached; trying again")
        until(lambda: "trying again" in stream.getvalue())
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(f" {paths.root.name} gpu2 cannot be reached; trying again")


def test_a_stream_that_closes_does_not_disturb_the_run(
    paths: SweepPaths, store: SweepStore
) -> None:
    stream = io.StringIO()
    with LiveView(paths, jobs_of(paths), stream=stream):
        stream.close()
        put(store, 0, JobState.RUNNING)


def test_nothing_goes_to_stdout(paths: SweepPaths) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(paths.root)], capture_output=True, env=env
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.count(b"\n") == 2 and b"\x1b" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_table_on_a_terminal(paths: SweepPaths, columns: int) -> None:
    seen = on_terminal(paths, columns)
    last = ESCAPES.sub(b"\n", seen).decode().replace("\r", "").splitlines()[-30:]
    head = next(line for line in last if "config" in line)
    assert b"\x1b[32m" in seen and b"\x1b[?25h" in seen
    assert {"seed", "state", "val_auc"} <= set(head.split())
    assert all(len(line) <= columns for line in last)


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}])
def test_no_table_where_it_would_be_garbage(paths: SweepPaths, env: dict[str, str]) -> None:
    seen = on_terminal(paths, 80, NO_COLOR="1", **env)
    assert b"\x1b" not in seen and b"job 0 ok 13m52s" in seen


def test_no_colour_and_ascii(paths: SweepPaths) -> None:
    paths.metrics(1).write_text(
        "".join(json.dumps({"step": n, "val_auc": n / 10}) + "\n" for n in range(4))
    )
    seen = on_terminal(paths, 120, NO_COLOR="1", LC_ALL="C")
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", seen)
    assert seen.isascii() and b"_-+@" in seen.replace(b".", b"-").replace(b"*", b"+").replace(
        b"=", b"-"
    )


def test_names_that_jobs_choose_cannot_move_the_cursor(
    paths: SweepPaths, store: SweepStore
) -> None:
    stream = io.StringIO()
    with LiveView(paths, jobs_of(paths), stream=stream):
        put(store, 0, JobState.SUCCEEDED, config_id="\x1b[2J", metrics={"\x1b[H": 1.0})
    assert "job 0 ok" in stream.getvalue() and "\x1b" not in stream.getvalue()


def test_ten_thousand_jobs_show_only_what_matters(paths: SweepPaths) -> None:
    state = board(10_000, paths)
    for n in range(5_000):
        state.apply(entry(n, "succeeded", metrics={"val_auc": 0.5}))
    state.apply(entry(6_000, "running"))
    lines = [line for line, _ in render(state, 120, 12)]
    assert len(lines) <= 13 and "5000 ok" in lines[0] and "4999 waiting" in lines[0]
    assert any("6000" in line and "running" in line for line in lines)
    assert any("more jobs" in line for line in lines)


def test_a_redraw_does_not_walk_over_all_jobs(paths: SweepPaths) -> None:
    calls = {}
    for number in (100, 10_000):
        state = board(number, paths)
        for n in range(number - 1):
            state.apply(entry(n, "succeeded"))
        seen = 0

        def count(*_: object) -> None:
            nonlocal seen
            seen += 1

        sys.setprofile(count)
        render(state, 120, 12)
        sys.setprofile(None)
        calls[number] = seen
    assert calls[10_000] < calls[100] * 1.5


def test_an_event_line_is_bounded(paths: SweepPaths) -> None:
    state = board(1, paths)
    state.apply(entry(0, "failed", config_id="x" * 5_000, attempt=3))
    line = event_line(paths, state.row(0))
    assert len(line) <= 400 and "attempt=3" in line


@pytest.mark.slow
def test_what_is_said_meanwhile_goes_above_the_table(paths: SweepPaths) -> None:
    seen = on_terminal(paths, 80, SAY="stopping now")
    before, _, _ = seen.partition(b"stopping now")
    assert b"\x1b[2K" in before[before.rindex(b"unet") :]  # the table was cleared first


@pytest.mark.slow
def test_ctrl_c_leaves_no_dead_header(paths: SweepPaths) -> None:
    seen = on_terminal(paths, 80, ECHO="^C", SAY="\nstopping now")
    lines = screen(seen.decode())
    assert sum("% " in line and "waiting" in line for line in lines) == 1
    assert sum("config" in line for line in lines) == 1
    assert any("stopping now" in line for line in lines)


def screen(written: str) -> list[str]:
    """The lines that a terminal shows after these bytes, of what our view writes."""
    rows: list[list[str]] = [[]]
    y = x = 0
    for sign in re.finditer(r"\x1b\[([0-9;?]*)([A-Za-z])|([^\x1b])", written):
        argument, command, letter = sign.groups()
        if command == "A":
            y = max(0, y - int(argument or 1))
        elif command == "K":
            rows[y] = []
        elif letter == "\r":
            x = 0
        elif letter == "\n":
            y, x = y + 1, 0
            rows += [[] for _ in range(y + 1 - len(rows))]
        elif letter:
            rows[y] += " " * (x + 1 - len(rows[y]))
            rows[y][x] = letter
            x += 1
    return ["".join(row) for row in rows]


def test_a_diverged_job_says_so_where_its_metric_would_be(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "exp")
    paths.root.mkdir()
    view = board(3, paths)
    view.apply(entry(0, "succeeded", metrics={"acc": 1.0}, diverged=["val_auc"]))
    view.apply(entry(1, "running"))
    paths.metrics(1).write_text('{"val_auc": 0.5}\n{"val_auc": NaN}\n')
    shown = [line for line, _ in render(view, 120, 20)]
    assert ["diverged" in line for line in shown[2:4]] == [True, True]
    assert "val_auc=diverged" in event_line(paths, view.row(0))
    assert view.best is None


def test_what_runs_and_the_time_left_are_seen_at_sixty_columns(paths: SweepPaths) -> None:
    state = board(10_000, paths)
    for n in range(5_000):
        kind = ("succeeded", "failed", "timed_out", "cancelled", "lost")[n % 5]
        state.apply(entry(n, kind, duration_seconds=60.0, metrics={"val_auc": 0.9}))
    for n in range(6_000, 6_012):
        state.apply(entry(n, "running", start_time=utc_now()))
    head = render(state, 60, 12)[0][0]
    assert len(head) <= 60 and "12 running" in head and "ETA" in head


def test_the_end_of_an_error_is_never_cut(paths: SweepPaths) -> None:
    paths.log(0).write_text(f"ValueError: {'x' * 900} but got 12 leads\n")
    state = board(1, paths)
    state.apply(entry(0, "failed", config_id="lr=1 " * 200))
    line = event_line(paths, state.row(0))
    assert len(line) <= 400 and line.endswith("but got 12 leads")


def test_time_in_which_nothing_ran_is_told_apart(paths: SweepPaths) -> None:
    state = board(2, paths)
    state.began -= 3600
    state.apply(entry(0, "running", start_time=utc_now()))
    assert "active 00:00:00 of 01:00:00" in render(state, 120, 12)[0][0]


def test_a_sweep_over_hosts_names_host_and_gpu(paths: SweepPaths) -> None:
    seen = Board(paths, places=Places({"GPU-1": "0"}, on_hosts=True))
    seen.apply(entry(0, "running", host="gpu2", gpus=["GPU-1"]))
    (row,) = seen.visible(10)
    assert " host=gpu2 gpu=0" in event_line(paths, row)
    shown = [text for text, _ in render(seen, 100, 30)]
    assert any("host:gpu" in line for line in shown)
    assert any("gpu2:0" in line for line in shown)
