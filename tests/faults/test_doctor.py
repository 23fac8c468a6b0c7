"""`sweeptree doctor` names what a crash has left, and `--repair` mends it, running nothing."""

import json
import os
import signal
from pathlib import Path

import pytest
from core.cli_records import call
from core.keeper_kit import NASTY, until
from fault_kit import Sweeper, findings, records, states, until_running
from helpers import git

from sweeptree.engine.server.config import ServerPaths
from sweeptree.gpus import slots
from sweeptree.model import JobState
from sweeptree.system.locks import is_held

TRAIN = 'echo "{\\"val_auc\\": 0.5}" >> $SWEEPTREE_METRICS; echo weights > model.txt; echo up'


def named(repo: Path, *flags: str) -> set[str]:
    """The names of those findings; the token is nobody's business here."""
    return {name for name, _ in findings(repo, *flags)} - {"token", "disk"}


def test_a_sound_repository_has_no_remains(sweeper: Sweeper) -> None:
    sweeper.run(sweeper.spec(["true"]))
    assert named(sweeper.repo) == set()
    assert named(sweeper.repo, "--repair") == set()


def test_a_stale_record_is_settled_from_its_outcome_with_metrics_and_files(
    sweeper: Sweeper,
) -> None:
    spec = sweeper.spec([TRAIN], metric="val_auc:max")
    driver, paths = (
        sweeper.start(spec, die=[("before the outcome is recorded", 1)]),
        sweeper.paths(spec),
    )
    assert driver.wait() is None
    assert (states(paths), named(sweeper.repo)) == ([JobState.RUNNING], {"records"})
    assert "repaired" in named(sweeper.repo, "--repair")
    record = records(paths)[0]
    assert (record.state, record.metrics, record.artifacts) == (
        JobState.SUCCEEDED,
        {"val_auc": 0.5},
        ("model.txt",),
    )
    assert named(sweeper.repo) == set()


def test_a_job_whose_keeper_was_killed_is_lost_and_its_orphans_are_ended(sweeper: Sweeper) -> None:
    spec = sweeper.spec([NASTY])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until(lambda: len(sweeper.pids(spec)) >= 10, 60)
    driver.kill()
    os.kill(json.loads(paths.attempt(0, 1, "alive").read_text())["pid"], signal.SIGKILL)
    until(lambda: named(sweeper.repo) == {"orphans", "records"})
    assert named(sweeper.repo, "--repair") == {"repaired"}
    assert (states(paths), sweeper.pids(spec)) == ([JobState.LOST], set())
    assert named(sweeper.repo) == set()


def test_what_still_runs_is_left_alone(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["sleep 600"])
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0)
    driver.kill()
    assert named(sweeper.repo, "--repair") == set()
    assert is_held(paths.attempt(0, 1, "alive"))


def test_a_half_made_worktree_is_named_and_removed(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["true"])
    moment = "before a new worktree is remembered"
    assert sweeper.start(spec, die=[(moment, 1)]).wait() is None
    (entry,) = (sweeper.repo / ".git/worktrees").iterdir()
    (entry / "locked").write_text("initializing")
    assert "worktrees" in named(sweeper.repo)
    assert "repaired" in named(sweeper.repo, "--repair")
    assert not (sweeper.repo / ".git/worktrees").exists()


def test_a_ledger_behind_its_records_is_told(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["true", "true"])
    sweeper.run(spec)
    ledger = sweeper.paths(spec).ledger
    ledger.write_bytes(ledger.read_bytes()[:-40])
    assert named(sweeper.repo) == {"ledger"}
    assert named(sweeper.repo, "--repair") == {"repaired"}
    status = json.loads(call("status", str(sweeper.paths(spec).root), "--json").out)
    assert [job["state"] for job in status["jobs"]] == ["succeeded", "succeeded"]


def test_a_dead_place_in_the_queue_is_removed_and_a_living_one_stays(
    sweeper: Sweeper, git_env: Path
) -> None:
    pid = os.fork()
    if pid == 0:
        slots.enqueue(str(git_env / "slots"), "dead")
        os._exit(0)
    os.waitpid(pid, 0)
    with slots.enqueue(str(git_env / "slots"), "living"):
        assert named(sweeper.repo) == {"slots"}
        assert named(sweeper.repo, "--repair") == {"repaired"}
        assert [waiter.owner for waiter in slots.waiters(str(git_env / "slots"))] == ["living"]


def test_a_dead_server_is_named_and_its_note_removed(sweeper: Sweeper, git_env: Path) -> None:
    paths = ServerPaths(git_env / "state")
    paths.home.mkdir(mode=0o700, exist_ok=True)
    paths.record.write_text('{"port": 4210, "pid": 1}')
    assert named(sweeper.repo) == {"server"}
    assert named(sweeper.repo, "--repair") == {"repaired"}
    assert not paths.record.exists()


@pytest.mark.parametrize("text", ["", "[]", "\0" * 64])
def test_a_sweep_whose_plan_cannot_be_read_is_told_plainly(sweeper: Sweeper, text: str) -> None:
    spec = sweeper.spec(["true"])
    assert sweeper.start(spec, die=[("before the outcome is recorded", 1)]).wait() is None
    sweeper.paths(spec).sweep.write_text(text)
    assert "sweep" in named(sweeper.repo, "--repair")


def test_a_worktree_of_a_job_that_is_done_is_named_and_removed(sweeper: Sweeper) -> None:
    spec = sweeper.spec([TRAIN])
    driver = sweeper.start(spec, die=[("after the record, before the pool", 1)])
    assert driver.wait() is None
    assert states(sweeper.paths(spec)) == [JobState.SUCCEEDED]
    (finding,) = [text for name, text in findings(sweeper.repo) if name == "worktrees"]
    assert "1 worktree that no job uses any more (slot_0)" in finding
    assert named(sweeper.repo, "--repair") == {"repaired"}
    assert not (sweeper.repo / ".git/worktrees").exists()
    assert named(sweeper.repo) == set()


@pytest.mark.parametrize(
    "moment",
    ["before the outcome is recorded", "after the record, before the changes are committed"],
)
def test_what_a_job_was_to_deliver_is_still_delivered_after_a_repair(
    sweeper: Sweeper, moment: str
) -> None:
    spec = sweeper.spec(["echo tuned >> train.py"], commit_and_pr=True)
    assert sweeper.start(spec, die=[(moment, 1)]).wait() is None
    assert named(sweeper.repo, "--repair") == {"repaired"}
    assert named(sweeper.repo) == set()
    assert sweeper.resume(spec)["message"].startswith("1 succeeded")
    branch = git("branch", "--list", f"sweeptree/{spec['exp_name']}/*", cwd=sweeper.repo)
    assert branch.strip() != ""
