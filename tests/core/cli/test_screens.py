"""The terminal's rules, plain tables, and the screens of a plan and of an end."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.failures import last_error_line
from sweeptree.cli.screens import terminal
from sweeptree.cli.screens.plans import plan_document, plan_view
from sweeptree.cli.screens.screens import PlanView, final_screen, plan_screen
from sweeptree.cli.screens.terminal import Column
from sweeptree.model import Base, Job, SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import prepare

BASE = Base(commit="4f2c9a1" + "0" * 33, name="HEAD", subject="Add cosine schedule", branch="main")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def jobs(number: int) -> list[Job]:
    """Jobs with their configs and seeds."""
    return [Job(n, f"python train.py --lr {n}", {"lr": n}, 1, f"lr={n}") for n in range(number)]


def final(tmp_path: Path, *, failed: tuple[int, ...] = (), **more: Any) -> str:
    """The last screen of a sweep of six jobs."""
    paths = finished_sweep(tmp_path, jobs=6, failed=failed)
    return final_screen(
        {**aggregate(paths), **more},
        paths,
        int(bool(failed)),
        "http://127.0.0.1:4210",
        ["a notice"],
    )


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "de_DE.utf8"}, True),
        ({"LANG": "C", "PYTHONUTF8": "1"}, True),
    ],
)
def test_letters_follow_the_locale(env: dict[str, str], expected: bool) -> None:
    assert terminal.unicode_ok(Terminal(), env) is expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal(env: dict[str, str], expected: bool) -> None:
    assert terminal.colour_ok(Terminal(), env) is expected


def test_colour_off_a_terminal_needs_force() -> None:
    assert not terminal.colour_ok(io.StringIO(), {})
    assert terminal.colour_ok(io.StringIO(), {"FORCE_COLOR": "1"})


@pytest.mark.parametrize(
    ("env", "expected"), [({}, True), ({"CI": "true"}, False), ({"TERM": "dumb"}, False)]
)
def test_live_only_on_a_real_terminal(env: dict[str, str], expected: bool) -> None:
    assert terminal.live_ok(Terminal(), env) is expected
    assert not terminal.live_ok(io.StringIO(), env)


def test_a_table_cuts_flexible_cells_before_it_hides_columns() -> None:
    columns = (Column("job"), Column("command", flexible=True), Column("extra", rank=1))
    lines = terminal.table(columns, [["0", "x" * 60, "yes"]], 40)
    assert "extra" in lines[0] and all(len(line) <= 40 for line in lines)
    assert (
        terminal.table(columns, [["0", "x" * 60, "y" * 30]], 40)[-1]
        == "  (1 hidden at this width: extra)"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0s"), (9.96, "10s"), (59.4, "59s"), (832, "13m52s"), (4980, "1h23m"), (None, "")],
)
def test_spoken_durations(seconds: float | None, text: str) -> None:
    assert terminal.spoken(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.92314, "0.9231"), (3e-6, "3e-06"), (7, "7"), (None, ""), (1e9, "1e+09")]
)
def test_numbers(value: float | None, text: str) -> None:
    assert terminal.number(value) == text


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("a\nTraceback\nValueError: no\nbye\n", "ValueError: no"),
        ("a\nlast words\n\n", "last words"),
        ("10%\r20%\r30%", "30%"),
        ("", ""),
    ],
)
def test_the_last_error_line(log: str, line: str) -> None:
    assert last_error_line(log) == line


def test_the_plan_names_the_commit_and_the_jobs() -> None:
    text = plan_screen(PlanView("unet", jobs(6), 2, BASE, [("GPUs", "2 slots")], "1 GPU"), 80)
    assert text.startswith(
        "Plan  unet   6 jobs, 2 at a time   nothing has been changed (dry run)\n"
    )
    assert 'main @ 4f2c9a1 "Add cosine schedule"' in text and "GPUs      2 slots" in text
    assert text.count("python train.py") == 6 and "leave --dry_run out" in text


def test_a_long_plan_is_cut_and_says_so() -> None:
    plan = PlanView("unet", jobs(500), 2, BASE)
    text = plan_screen(plan, 80)
    assert text.count("python train.py") < 15 and "more jobs (--all)" in text and "--lr 499" in text
    assert plan_screen(plan, 80, everything=True).count("python train.py") == 500


def test_a_plan_that_would_be_refused_says_so() -> None:
    text = plan_screen(
        PlanView("unet", jobs(1), 1, BASE, problems=["dirty tree\ngit add ."], notes=["few seeds"]),
        80,
    )
    assert "! dirty tree\n  git add .\n" in text and "- few seeds" in text and "exit code 3" in text


def test_what_was_prepared_becomes_a_plan(repo: Path) -> None:
    spec = SweepSpec(
        exp_name="unet", commands=("python train.py --lr 1", "python train.py --lr 2"), repo=repo
    )
    prepared = prepare(spec, Settings())
    text, document = plan_screen(plan_view(prepared)), plan_document(prepared)
    assert '"first"' in text and str(repo / "results" / "unet") in text
    assert [job["id"] for job in document["jobs"]] == [0, 1] and document["would_start"]
    assert json.dumps(document)


def test_the_end_shows_leaderboard_paths_and_next(tmp_path: Path) -> None:
    lines = final(tmp_path).splitlines()
    assert lines[0].startswith("unet finished   6 ok") and lines[0].endswith("exit 0")
    assert "±" in lines[3] and "lr=1e-4" in lines[3]
    assert any("aggregated.json  aggregated.csv  groups.csv" in line for line in lines)
    assert any("127.0.0.1:4210" in line for line in lines) and "- a notice" in lines
    assert lines[-1].startswith("Next:  sweeptree show unet")


def test_the_end_shows_each_failure_with_its_next_command(tmp_path: Path) -> None:
    text = final(tmp_path, failed=(1, 4))
    assert (
        "job 1  lr=1e-4 seed=1   exit code 1 after 3.0s\n         ValueError: no such lead\n"
        in text
    )
    assert "sweeptree logs unet:4" in text and "exit 1" in text and "--jobs" in text


def test_the_end_without_a_metric_lists_the_jobs(tmp_path: Path) -> None:
    text = final(tmp_path, objective=None, groups=[])
    assert "seed" in text and text.count("lr=3e-4") == 3


@pytest.mark.parametrize("room", [60, 80, 92])
def test_the_tables_of_the_end_keep_to_the_width(tmp_path: Path, room: int) -> None:
    paths = finished_sweep(tmp_path, jobs=6, failed=(1,))
    lines = final_screen(aggregate(paths), paths, 1, None, (), room).splitlines()
    assert all(len(line) <= room for line in lines[:5])
    assert {"config", "val_auc", "n"} <= set(lines[2].split())


def test_an_auto_fix_that_did_not_work_is_named_with_its_jobs(tmp_path: Path) -> None:
    reason = "FileExistsError: job_0"
    rows = [{"id": n, "state": "succeeded", "auto_fix": {"reason": reason}} for n in (0, 3)]
    good = {"id": 1, "state": "succeeded", "auto_fix": {"exit_code": 0, "reason": None}}
    screen = final(tmp_path, jobs=[*rows, good])
    assert "jobs 0, 3: auto-fix failed: FileExistsError: job_0" in screen
