"""What stands after a driver was killed: finished jobs stay finished, running ones are taken over,
lost ones redone."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from core.keeper_kit import NASTY, Kit, pids_of, until
from fault_kit import (
    LONER,
    Sweeper,
    check_history,
    counted,
    counting,
    records,
    states,
    until_running,
)

from sweeptree import supervise
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths
from sweeptree.sweep.one import AutoRunSpec, sweep_spec
from sweeptree.sweep.one_report import report_on
from sweeptree.system.locks import is_held

HOLD = "while [ ! -e {} ]; do sleep 0.02; done"

# Where a driver dies; each is a moment between two steps of a job's life.
STEPS = [
    ("before git makes a worktree", 1),
    ("after git has made a worktree", 2),
    ("after a worktree is handed out", 2),
    ("after the record says running, before the command", 2),
    ("before the keeper is asked for", 1),
    ("after the keeper was asked for", 2),
    ("after the command, before its record", 2),
    ("before a record is replaced", 3),
    ("after a record was replaced", 5),
    ("after the record, before the ledger", 3),
    ("after the record, before the pool", 1),
    ("after the worktree is back in the pool", 2),
]


def keeper_of(paths: SweepPaths, job: int, attempt: int = 1) -> int:
    """The PID of the keeper of an attempt."""
    return int(json.loads(paths.attempt(job, attempt, "alive").read_text())["pid"])


def test_row_2_a_killed_driver_loses_nothing_and_repeats_nothing(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec(["true", *counting(tmp_path / "runs", 4, HOLD.format(tmp_path / "go"))[1:]])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 1, 2)
    driver.kill()
    (tmp_path / "go").touch()
    assert sweeper.resume(spec)["message"] == "4 succeeded"
    assert counted(tmp_path / "runs") == dict.fromkeys(range(1, 4), 1)
    assert [len(record.attempts) for record in records(paths).values()] == [1] * 4
    check_history(paths)


@pytest.mark.parametrize(("moment", "time"), STEPS)
def test_row_7_a_driver_that_dies_between_two_steps(
    sweeper: Sweeper, tmp_path: Path, moment: str, time: int
) -> None:
    spec = sweeper.spec(counting(tmp_path / "runs", 4))
    assert sweeper.start(spec, die=[(moment, time)]).wait() is None
    assert sweeper.resume(spec)["message"] == "4 succeeded"
    assert counted(tmp_path / "runs") == dict.fromkeys(range(4), 1)
    check_history(sweeper.paths(spec))


@pytest.mark.parametrize(
    "moment", ["after the keeper was asked for", "after the command, before its record"]
)
def test_row_7_a_driver_that_dies_during_the_setup(
    sweeper: Sweeper, tmp_path: Path, moment: str
) -> None:
    spec = sweeper.spec(counting(tmp_path / "runs", 2), setup="sleep 0.2; touch ready", parallel=1)
    assert sweeper.start(spec, die=[(moment, 1)]).wait() is None
    assert sweeper.resume(spec)["message"] == "2 succeeded"
    assert counted(tmp_path / "runs") == {0: 1, 1: 1}


def test_row_2_what_a_job_was_to_deliver_is_delivered_after_the_crash(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["echo '# tuned' >> train.py"], commit_and_pr=True)
    moment = "after the record, before the changes are committed"
    driver = sweeper.start(spec, die=[(moment, 1)])
    assert driver.wait() is None
    assert states(sweeper.paths(spec)) == [JobState.SUCCEEDED]
    assert sweeper.resume(spec)["message"] == "1 succeeded"
    record = records(sweeper.paths(spec))[0]
    assert str(record.git_branch).startswith("sweeptree/")
    assert len(record.attempts) == 1


def test_row_3_a_killed_keeper_leaves_no_process_and_its_job_is_lost(sweeper: Sweeper) -> None:
    spec = sweeper.spec([NASTY, "true"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until(lambda: len(sweeper.pids(spec)) >= 10, 60)
    os.kill(keeper_of(paths, 0), signal.SIGKILL)
    report = driver.wait()
    assert report is not None and report["message"] == "1 lost, 1 succeeded"
    assert sweeper.pids(spec) == set()


def test_row_3_after_driver_and_keeper_were_killed_the_job_gets_a_second_attempt(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec([f"test $SWEEPTREE_ATTEMPT = 2 && exit 0\n{NASTY}"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until(lambda: len(sweeper.pids(spec)) >= 10, 60)
    driver.kill()
    os.kill(keeper_of(paths, 0), signal.SIGKILL)
    assert sweeper.resume(spec)["message"] == "1 succeeded"
    assert sweeper.pids(spec) == set()
    assert [a.state for a in records(paths)[0].attempts] == [JobState.LOST, JobState.SUCCEEDED]
    check_history(paths)


def test_row_5_a_machine_that_died_costs_its_running_jobs_one_attempt(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec(["true", "test $SWEEPTREE_ATTEMPT = 2 || sleep 600", "true"], parallel=1)
    driver, paths = sweeper.start(spec, machine=True), sweeper.paths(spec)
    until_running(paths, 1)
    driver.kill()
    until(lambda: sweeper.pids(spec) == set())
    assert sweeper.resume(spec)["message"] == "3 succeeded"
    assert [len(record.attempts) for record in records(paths).values()] == [1, 2, 1]
    check_history(paths)


def test_row_5_a_late_keeper_of_an_attempt_that_was_given_up_does_not_begin(kit: Kit) -> None:
    launch = kit.launch("echo ran > ran")
    assert supervise.fence(launch.alive, launch.outcome)
    with pytest.raises(SweeptreeError, match="has already been run"):
        supervise.start(launch)
    assert not (kit.root / "ran").exists()


def test_row_5_an_attempt_that_runs_cannot_be_given_up(kit: Kit) -> None:
    keeper, launch = kit.begin("echo up; sleep 300")
    assert not supervise.fence(launch.alive, launch.outcome)
    keeper.kill()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED


def test_row_5_a_late_outcome_of_an_old_attempt_is_not_taken(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec([f"test $SWEEPTREE_ATTEMPT = 2 && {HOLD.format(tmp_path / 'go')}; exit 7"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    driver.wait()
    again = sweeper.start(spec, resume={"failed": True})
    until_running(paths, 0)
    until(paths.attempt(0, 2, "started").exists, 60)
    late = json.loads(paths.attempt(0, 1, "outcome").read_text()) | {
        "state": "succeeded",
        "exit_code": 0,
    }
    paths.attempt(0, 1, "outcome").write_text(json.dumps(late))
    again.kill()
    (tmp_path / "go").touch()
    assert sweeper.resume(spec)["message"] == "1 failed"
    assert [a.exit_code for a in records(paths)[0].attempts] == [7, 7]


def test_row_5_results_copied_from_another_machine_go_on_and_end_nothing_there(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec(["true", "test $SWEEPTREE_ATTEMPT = 2 || sleep 600"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 1)
    driver.kill()
    shutil.copytree(paths.root, tmp_path / "copied" / paths.root.name)
    copied = {**spec, "results_dir": str(tmp_path / "copied")}
    assert sweeper.resume(copied)["message"] == "2 succeeded"
    assert is_held(paths.attempt(1, 1, "alive"))


def test_row_5_keepers_of_an_earlier_boot_are_dead(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["test $SWEEPTREE_ATTEMPT = 2 || sleep 600"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0)
    driver.kill()
    who = json.loads(paths.attempt(0, 1, "alive").read_text())
    os.kill(who["pid"], signal.SIGKILL)
    until(lambda: not is_held(paths.attempt(0, 1, "alive")))
    stranger = {**who, "pid": os.getpid(), "boot": "another"}  # a PID of that boot is ours now
    paths.attempt(0, 1, "alive").write_text(json.dumps(stranger))
    assert sweeper.resume(spec)["message"] == "1 succeeded"


def test_row_28_without_file_handles_the_sweep_says_so_and_goes_on_later(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec(counting(tmp_path / "runs", 6), parallel=6)
    report = sweeper.run(spec, files=26)
    assert report["name"] in ("Failed", "OSError", "Refused", "GitError", "SweeptreeError"), report
    assert sweeper.resume(spec, failed=True)["message"] == "6 succeeded"
    assert max(counted(tmp_path / "runs").values()) == 1


@pytest.fixture
def loner(sweeper: Sweeper) -> Iterator[Path]:
    """A folder of a user that nobody else is, with the repository in it; temporary folders of
    pytest are private."""
    if os.geteuid():
        pytest.skip("only root may become another user")
    folder = Path(tempfile.mkdtemp(prefix="loner-"))
    sweeper.repo = Path(shutil.copytree(sweeper.repo, folder / "repo"))
    own(folder)
    yield folder
    shutil.rmtree(folder)


def own(folder: Path) -> None:
    """Give a folder and all in it to that user."""
    for place in (folder, *folder.rglob("*")):
        os.chown(place, LONER, LONER, follow_symlinks=False)


@pytest.mark.parametrize("processes", [1, 4, 8, 10, 12, 14, 17])
def test_row_28_without_processes_the_sweep_says_so_and_goes_on_later(
    sweeper: Sweeper, loner: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    for name in ("HOME", "SWEEPTREE_HOME", "SWEEPTREE_SLOT_DIR"):
        monkeypatch.setenv(name, str(loner / name))
    spec = sweeper.spec(counting(loner / "runs", 6), parallel=6)
    report = sweeper.run(spec, processes=processes)
    assert "Traceback" not in report["message"], report
    assert (
        sweeper.run({**spec, "dirty": "ignore"}, resume={"failed": True}, processes=100)["message"]
        == "6 succeeded"
    )
    assert counted(loner / "runs") == dict.fromkeys(range(6), 1)


def test_row_29_a_second_sweep_of_the_same_name_is_refused(
    sweeper: Sweeper, tmp_path: Path
) -> None:
    spec = sweeper.spec([HOLD.format(tmp_path / "go")])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0)
    for resume in (None, {}):
        assert sweeper.run({**spec, "commands": ["true"]}, resume=resume)["name"] == "Refused"
    (tmp_path / "go").touch()
    report = driver.wait()
    assert report is not None and report["message"] == "1 succeeded"


@pytest.mark.parametrize("word", ["term", "kill"])
def test_row_30_a_cancelled_sweep_ends_its_jobs_and_can_go_on(sweeper: Sweeper, word: str) -> None:
    stubborn = "test $SWEEPTREE_ATTEMPT = 2 && exit 0; trap '' TERM; while :; do sleep 1; done"
    spec = sweeper.spec([stubborn, stubborn, "true"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0, 1)
    paths.cancel.write_text(word)
    report = driver.wait()
    assert report is not None and (report["name"], sweeper.pids(spec)) == ("Cancelled", set())
    assert states(paths) == [JobState.CANCELLED] * 2
    assert sweeper.resume(spec)["message"] == "3 succeeded"


def test_keepers_are_told_apart_by_where_their_sweep_stands(kit: Kit) -> None:
    kit.begin("echo up; sleep 300")
    supervise.sweep_orphans(f"{kit.name}:1", lambda name: True)
    assert pids_of(kit.name)


@pytest.mark.parametrize(
    "moment",
    [
        "after the keeper was asked for",
        "after the command, before its record",
        "before a record is replaced",
        "after the record, before the pool",
        "after the worktree is back in the pool",
    ],
)
def test_a_single_run_whose_driver_was_killed_keeps_its_changes_and_runs_once(
    sweeper: Sweeper, tmp_path: Path, moment: str
) -> None:
    line = f"echo 0 >> {tmp_path}/runs; echo changed >> train.py; touch made"
    run = sweep_spec(AutoRunSpec(command=line, then=("test -e made",), repo=sweeper.repo))
    spec = sweeper.spec(run.commands, keep_worktrees=run.keep_worktrees, parallel=1)
    assert sweeper.start(spec, die=[(moment, 1)]).wait() is None
    assert sweeper.resume(spec)["message"] == "1 succeeded"
    report = report_on(sweeper.paths(spec).root)
    assert (report.exit_code, counted(tmp_path / "runs")) == (0, {0: 1})
    assert report.worktree is not None and (report.worktree / "made").exists()
    assert [file.path for file in report.changed] == ["train.py"]
