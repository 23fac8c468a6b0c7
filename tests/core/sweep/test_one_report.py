"""The report on a single run: what a shell would say, what it changed, what is too long to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.sweep.kit import make_spec, paths_of
from core.sweep.test_one import ran
from sweeptree.model import JobRecord, JobState
from sweeptree.model.report import ReportState
from sweeptree.records import SweepPaths
from sweeptree.sweep.one_report import exit_code, facts, refused, report_on
from sweeptree.sweep.run import WithoutEngine, run_sweep


@pytest.mark.parametrize(
    ("command", "code"),
    [("true", 0), ("exit 3", 3), ("kill -9 $$", 137), ("no-such-program", 127)],
)
def test_the_exit_code_is_what_a_shell_would_say(repo: Path, command: str, code: int) -> None:
    assert ran(repo, command).exit_code == code


def test_out_of_time_is_124_as_of_timeout(repo: Path) -> None:
    report = ran(repo, "sleep 30", timeout=0.2)
    assert (report.exit_code, report.state) == (124, ReportState.TIMED_OUT)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (JobState.CANCELLED, 130),
        (JobState.PLANNED, 130),
        (JobState.LOST, 1),
        (JobState.FAILED, 1),
    ],
)
def test_an_end_without_an_exit_code_has_one_too(
    tmp_path: Path, state: JobState, code: int
) -> None:
    assert exit_code(SweepPaths(tmp_path), JobRecord(id=0, state=state)) == code


def test_a_command_that_ended_well_in_a_worktree_that_is_gone_has_failed(repo: Path) -> None:
    report = ran(repo, 'rm -rf "$SWEEPTREE_WORKTREE"')
    assert (report.state, report.exit_code) == (ReportState.FAILED, 1)


def test_a_run_without_a_record_was_stopped_before_it_began(tmp_path: Path) -> None:
    report = report_on(tmp_path)
    assert (report.state, report.reason) == (ReportState.CANCELLED, "stopped before it began")


def test_a_refusal_says_so_and_has_no_results() -> None:
    report = refused("plots", "the disk is full")
    assert (report.exit_code, report.root, report.reason) == (3, None, "the disk is full")


def test_a_long_diff_is_left_to_git(repo: Path) -> None:
    report = ran(repo, "seq 500 >> train.py")
    assert (report.changed[0].added, report.diff) == (500, "")


def test_a_command_that_broke_its_worktree_costs_the_diff_only(repo: Path) -> None:
    report = ran(repo, "echo junk > $(git rev-parse --git-dir)/index", keep=True)
    assert (report.exit_code, report.changed) == (0, ())
    assert report.notes


def test_only_what_is_known_is_a_fact(repo: Path) -> None:
    found = dict(facts(ran(repo, "true")))
    assert found["exit code"] == "0" and found["time"].endswith("s")
    assert found["memory"].endswith("MiB")
    assert {"GPU", "GPU time", "GPU memory", "worktree"}.isdisjoint(found)


def test_the_log_cannot_end_its_block(repo: Path) -> None:
    page = ran(repo, "echo '```'; echo; echo '# not a headline'").markdown
    assert "    ```\n    \n    # not a headline" in page


def test_a_sweep_that_went_on_is_reported_as_well(repo: Path) -> None:
    run_sweep(make_spec(repo, "exit 4", keep_worktrees="changed"), None, WithoutEngine())
    assert report_on(paths_of(repo).root).exit_code == 4
