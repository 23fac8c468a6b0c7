"""An evaluation command as a sweep of one job, and how its end is reported."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.ecg.evaluation_kit import save
from sweeptree.ecg.evaluate.command import CommandFailed, CommandSpec, as_sweep, default_name, made
from sweeptree.errors import UsageError
from sweeptree.model import JobRecord, JobState
from sweeptree.records import SweepPaths


@pytest.fixture
def paths(tmp_path):
    return SweepPaths(tmp_path / "results" / "eval")


def ended(paths, log="", **fields):
    paths.root.mkdir(parents=True)
    record = JobRecord(id=0, **fields)
    paths.record(0).write_text(record.model_dump_json())
    paths.log(0).write_text(log)


def test_the_command_is_the_only_job_in_a_worktree_of_its_own():
    sweep = as_sweep(CommandSpec(command="python x.py", exp_name="e", timeout="2m"))
    assert (len(sweep.commands), sweep.use_worktree, sweep.parallel) == (1, True, 1)
    assert (sweep.exp_name, sweep.timeout) == ("e", 120)


def test_no_command_is_a_usage_error():
    with pytest.raises(UsageError, match="no command to run"):
        as_sweep(CommandSpec())


def test_the_default_name_is_the_time_in_utc():
    assert default_name(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "evaluate-20260102-030405"


def test_what_a_successful_command_made_is_found(paths):
    ended(paths, state=JobState.SUCCEEDED)
    save(paths.out(0))
    assert made(paths) == paths.out(0)


def test_a_command_that_made_no_predictions_says_what_it_made(paths):
    ended(paths, "done\n", state=JobState.SUCCEEDED, artifacts=("ck.pt",))
    with pytest.raises(
        CommandFailed, match=r"made no predictions; it made ck\.pt\n  \| done"
    ) as caught:
        made(paths)
    assert caught.value.exit_code == 1


def test_a_failed_command_shows_its_last_lines_without_their_escapes(paths):
    ended(paths, "10%\r20%\n\x1b[31mbroken\n", state=JobState.FAILED, reason="exit code 3")
    with pytest.raises(CommandFailed) as caught:
        made(paths)
    lines = caught.value.message.splitlines()
    assert lines[0] == "the evaluation command failed: exit code 3"
    assert lines[-2:] == ["  | 20%", "  | ?[31mbroken"]


def test_an_interrupted_command_ends_with_130(paths):
    ended(paths, state=JobState.CANCELLED)
    with pytest.raises(CommandFailed, match="was interrupted") as caught:
        made(paths)
    assert caught.value.exit_code == 130
    assert Path(paths.root).name in caught.value.hint[0]
