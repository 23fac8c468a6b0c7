"""What the live view knows of a running sweep."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.cli.screens.board_kit import board, entry
from core.keeper_kit import until
from sweeptree import supervise
from sweeptree.cli.commands.doctor import remains
from sweeptree.cli.screens.board import Places
from sweeptree.cli.screens.live import render
from sweeptree.model import Launch
from sweeptree.records import SweepPaths


def test_the_curve_is_read_from_the_end_of_the_metrics_file(paths: SweepPaths) -> None:
    with paths.metrics(0).open("w") as out:
        out.write(
            "".join(json.dumps({"step": n, "val_auc": n / 10_000}) + "\n" for n in range(10_000))
        )
        out.write('not json\n{"val_auc": NaN}\n{"step": 10000, "val_')
    state = board(1, paths)
    state.apply(entry(0, "running"))
    curve = state.curve(state.row(0))
    assert (
        curve.step == 9999 and len(curve.values) == 16 and curve.values[-1] == pytest.approx(0.9999)
    )


def test_a_link_in_the_place_of_the_metrics_is_not_followed(
    paths: SweepPaths, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text('{"step": 1, "val_auc": 0.5}\n')
    paths.metrics(0).symlink_to(other)
    state = board(1, paths)
    state.apply(entry(0, "running"))
    assert state.curve(state.row(0)).values == ()


def test_counts_best_and_time_left(paths: SweepPaths) -> None:
    state = board(10, paths)
    start = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    for n in (0, 1):
        state.apply(entry(n, "running", start_time=start))
    state.apply(entry(0, "succeeded", duration_seconds=60.0, metrics={"val_auc": 0.7}))
    left = state.remaining_seconds()
    assert (state.counts["planned"], state.counts["running"], state.counts["succeeded"]) == (
        8,
        1,
        1,
    )
    assert (state.best, state.percent) == (0.7, 10)
    assert left is not None and 240 <= left <= 256


def test_before_the_first_job_ends_the_logs_tell_the_time_left(paths: SweepPaths) -> None:
    state = board(4, paths)
    start = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    state.apply(entry(0, "running", start_time=start))
    paths.log(0).write_text("epoch 3/30\n")
    left = state.remaining_seconds()
    assert left is not None and 1150 <= left <= 1200


def test_without_a_word_on_progress_no_time_left_is_told(paths: SweepPaths) -> None:
    state = board(4, paths)
    state.apply(entry(0, "running", start_time=datetime.now(UTC).isoformat()))
    paths.log(0).write_text("hello\n")
    assert state.remaining_seconds() is None


def test_the_same_state_twice_is_one_event(paths: SweepPaths) -> None:
    state = board(2, paths)
    assert state.apply(entry(0, "running")) and not state.apply(entry(0, "running", gpus=["GPU-1"]))
    assert state.row(0).gpus == ("GPU-1",) and state.counts["running"] == 1


def test_a_retried_job_leaves_the_list_of_those_that_ended(paths: SweepPaths) -> None:
    state = board(2, paths)
    state.apply(entry(0, "failed"))
    state.apply(entry(0, "running", attempt=2))
    assert [(row.index, row.state) for row in state.visible(9)] == [(0, "running")]


def test_what_a_dead_run_left_running_is_to_be_done_again(paths: SweepPaths) -> None:
    state = board(3, paths)
    state.apply(entry(0, "succeeded"))
    state.apply(entry(1, "running"))
    state.forget_running()
    assert [row.index for row in state.visible(9)] == [0]
    assert (state.counts["planned"], state.counts["running"]) == (2, 0)


def test_a_keeper_that_does_not_answer_is_named(
    paths: SweepPaths, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    launch = Launch(
        name="unet:0.1",
        command="sleep 300",
        cwd=paths.root,
        env={"PATH": os.environ["PATH"]},
        log=paths.log(0),
        alive=paths.attempt(0, 1, "alive"),
        started=paths.attempt(0, 1, "started"),
        outcome=paths.attempt(0, 1, "outcome"),
        timeout=None,
        grace=0.2,
        log_cap=0,
    )
    keeper = supervise.start(launch)
    request.addfinalizer(keeper.kill)
    state = board(1, paths)
    state.apply(entry(0, "running"))
    monkeypatch.setattr("sweeptree.cli.screens.board._KEEPER_SECONDS", 0.0)
    assert state.keeper_notes() == {}
    os.kill(keeper.pid, signal.SIGSTOP)
    until(keeper.is_stopped)
    assert state.keeper_notes() == {0: f"its keeper is stopped: kill -CONT {keeper.pid}"}
    assert f"kill -CONT {keeper.pid}" in "\n".join(line for line, _ in render(state, 140, 20))
    [found] = remains._stopped(paths)
    assert found.level == "warn" and f"kill -CONT {keeper.pid}" in str(found)


def test_cancelled_and_lost_jobs_are_no_progress(paths: SweepPaths) -> None:
    state = board(4, paths)
    for index, how in enumerate(("succeeded", "cancelled", "lost", "failed")):
        state.apply(entry(index, how))
    assert state.percent == 50


@pytest.mark.parametrize("room", [60, 80])
def test_the_time_left_is_seen_on_a_narrow_terminal(paths: SweepPaths, room: int) -> None:
    state = board(30, paths)
    state.name = "a_sweep_with_quite_a_long_name_indeed"
    done = ("failed", "cancelled", "timed_out", "lost")
    for index, how in enumerate(done):
        state.apply(entry(index, how))
    state.apply(entry(5, "succeeded", duration_seconds=60.0, metrics={"val_auc": 0.9}))
    state.apply(entry(6, "running"))
    headline, _ = render(state, room, 20)[0]
    assert "ETA" in headline and "…" not in headline.partition("ETA")[2] and len(headline) <= room


def test_one_hidden_job_is_one_job(paths: SweepPaths) -> None:
    state = board(1, paths)
    assert "1 more job: " in render(state, 80, 20)[-1][0]


def test_of_a_host_the_gpus_are_told_by_its_own_numbers_or_not_at_all() -> None:
    uuids = ("GPU-816ddeb2-0000", "GPU-1")
    assert Places({"GPU-1": "0"}, on_hosts=True).gpu_names(uuids) == ("0",)
    assert Places({"GPU-1": "0"}).gpu_names(uuids) == ("GPU-816ddeb2", "0")
