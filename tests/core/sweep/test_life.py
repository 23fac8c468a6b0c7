"""A job's life: trouble in any stage is written down, none is lost, each stage runs once."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import pytest
from helpers import git
from sweep_kit import wait_for

from core.sweep.kit import lived, opened, paths_of, run_one
from sweeptree.errors import GitError
from sweeptree.model import DeliveryState, JobRecord, JobState, Resume, StopCause
from sweeptree.sweep import attempts
from sweeptree.sweep.executor import Means
from sweeptree.sweep.launches import Line
from sweeptree.sweep.life import Start, run_job
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.results import Ended, RunStage, SoFar, Stage, Trouble, caught, run_directly
from sweeptree.sweep.resume import due_jobs, earlier_records
from sweeptree.sweep.running import JobContext
from sweeptree.sweep.stages import RUN_COMMAND

CHANGES = "echo '# tuned' >> train.py"
DELIVERS = {
    "commit_and_pr": True,
    "post_pr_labels": ("auto",),
    "auto_fix_before_pr": True,
    "auto_fix_script": "train.py",
}
OUT_IS_A_FILE = 'rmdir "$SWEEPTREE_OUT"; echo x > "$SWEEPTREE_OUT"'


class Breaking:
    """Runs stages, except one, which raises; `ran` names them in their order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ran: list[str] = []

    def __call__(self, stage: Stage[Any], job: JobContext, so_far: SoFar, /) -> Any:
        self.ran.append(stage.name)
        if stage.name == self.name:
            return caught(stage.step, self._fail)
        return run_directly(stage, job, so_far)

    def _fail(self) -> None:
        raise GitError(f"{self.name} broke")


def lived_with(repo: Path, run: RunStage, *commands: str, **fields: object) -> Ended:
    with opened(repo, *commands, **fields) as sweep:
        return run_job(sweep.job(0), Start.COMMAND, Means(LOCAL, run))


@pytest.mark.parametrize("stage", ["create-worktree", "run-command"])
def test_trouble_before_the_command_has_ended_fails_the_job(repo: Path, stage: str) -> None:
    broken = Breaking(stage)
    record = lived_with(repo, broken, CHANGES, **DELIVERS).record
    assert (record.state, record.reason) == (JobState.FAILED, f"{stage} broke")
    assert [attempt.state for attempt in record.attempts] == [JobState.FAILED]
    assert broken.ran[-1] == stage


def test_trouble_while_an_attempt_is_taken_over_fails_the_job(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        sweep.paths.attempt(0, 1, "alive").touch()
    with opened(repo, "true", resume=True) as sweep:
        record = run_job(
            sweep.job(0), Start.COMMAND, Means(LOCAL, Breaking("adopt-command"))
        ).record
    assert (record.state, record.reason) == (JobState.FAILED, "adopt-command broke")


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("auto-fix", "commit"),
        ("commit-and-pr", "commit"),
        ("label-and-review", "labels and reviewers"),
    ],
)
def test_trouble_after_the_command_fails_the_delivery_only(
    repo: Path, stage: str, step: str
) -> None:
    broken = Breaking(stage)
    record = lived_with(repo, broken, CHANGES, **DELIVERS).record
    assert record.state is JobState.SUCCEEDED
    assert record.delivery is not None
    assert (record.delivery.state, record.delivery.step) == (DeliveryState.FAILED, step)
    assert record.delivery.reason == f"{stage} broke"
    assert record.worktree is not None and Path(record.worktree).is_dir()
    assert broken.ran[-1] == stage


def test_trouble_in_the_fix_is_noted_and_stands_in_its_field(repo: Path) -> None:
    fix = {"auto_fix_before_pr": True, "auto_fix_script": "train.py"}
    record = lived_with(repo, Breaking("auto-fix"), "true", **fix).record
    assert record.auto_fix is not None
    assert record.auto_fix["reason"] == "auto-fix broke"
    assert record.notes == ("auto-fix failed: auto-fix broke",)
    assert record.delivery is None


def test_an_exception_in_the_fix_is_not_lost(repo: Path) -> None:
    with opened(repo, OUT_IS_A_FILE, auto_fix_before_pr=True, auto_fix_script="train.py") as sweep:
        record = lived(sweep.job(0))
    assert record.state is JobState.SUCCEEDED
    assert record.auto_fix is not None
    assert str(record.auto_fix["reason"]).startswith("FileExistsError")


def test_trouble_at_the_end_is_noted(repo: Path) -> None:
    def taking_the_worktree(stage: Stage[Any], job: JobContext, so_far: SoFar, /) -> Any:
        result = run_directly(stage, job, so_far)
        if stage.name == "run-command" and job.sweep.pool and so_far.worktree:
            job.sweep.pool.release(so_far.worktree, keep=True)
        return result

    ended = lived_with(repo, taking_the_worktree, "true")
    assert (ended.record.state, ended.step_failed) == (JobState.SUCCEEDED, True)
    assert [note.split(":")[0] for note in ended.record.notes] == ["finish failed"]


def test_each_stage_that_was_asked_for_runs_once(repo: Path) -> None:
    counting = Breaking("none")
    record = lived_with(repo, counting, CHANGES, **DELIVERS).record
    assert counting.ran == [
        "create-worktree",
        "run-command",
        "auto-fix",
        "commit-and-pr",
        "label-and-review",
    ]
    assert record.state is JobState.SUCCEEDED


def test_a_failed_job_runs_no_stage_after_its_command(repo: Path) -> None:
    counting = Breaking("none")
    lived_with(repo, counting, "exit 1", **DELIVERS)
    assert counting.ran == ["create-worktree", "run-command"]


def test_worktrees_of_troubled_jobs_go_back_so_that_the_next_job_gets_one(repo: Path) -> None:
    with opened(repo, *["true"] * 4, parallel=1, stop_after_same=0) as sweep:
        means = Means(LOCAL, Breaking("run-command"))
        ends = [run_job(sweep.job(n), Start.COMMAND, means) for n in range(4)]
    assert [ended.record.state for ended in ends] == [JobState.FAILED] * 4


def test_on_fail_stop_starts_nothing_more_after_a_failure(repo: Path) -> None:
    with opened(repo, "true", "exit 1", on_fail="stop") as sweep:
        stopped = []
        for index in (0, 1):
            lived(sweep.job(index))
            stopped.append(sweep.stop.stopping.is_set())
    assert stopped == [False, True]


def test_a_failure_that_may_stop_the_sweep_is_tried_again_in_its_turn(repo: Path) -> None:
    with opened(repo, "exit 1", "true", on_fail="stop", retries=1, parallel=1) as sweep:
        record = lived(sweep.job(0))
    assert [attempt.state for attempt in record.attempts] == [JobState.FAILED] * 2


def test_nothing_more_starts_when_the_first_jobs_fail_alike(repo: Path) -> None:
    failing = [f"echo 'ValueError: lead {n}'; exit 1" for n in range(3)]
    with opened(repo, *failing, "true") as sweep:
        stopped = []
        for index in range(3):
            lived(sweep.job(index))
            stopped.append(sweep.stop.stopping.is_set())
    assert stopped == [False, False, True]
    assert sweep.stop.cause is StopCause.FAILED_ALIKE


def test_a_stop_leaves_a_job_that_has_not_begun_planned(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        sweep.stop.start_no_more()
        record = lived(sweep.job(0))
    assert record == JobRecord(id=0, state=JobState.PLANNED)


def test_a_job_that_was_only_set_up_does_not_begin_behind_a_stop(repo: Path) -> None:
    setup = "touch $SWEEPTREE_OUT/set; until [ -e $SWEEPTREE_OUT/go ]; do sleep 0.02; done"
    with opened(repo, "touch $SWEEPTREE_OUT/ran", setup=setup) as sweep:
        job = sweep.job(0)
        out = sweep.paths.out(0)
        life = threading.Thread(target=lived, args=(job,))
        life.start()
        wait_for((out / "set").exists)
        sweep.stop.start_no_more()
        (out / "go").touch()
        life.join()
        assert job.record.state is JobState.CANCELLED
        assert job.record.reason == "cancelled before it started"
        assert not (out / "ran").exists()


def test_trouble_says_what_a_user_can_read() -> None:
    assert Trouble("commit", GitError("no")).reason == "no"
    assert Trouble("commit", OSError(28, "full")).reason == "OSError: [Errno 28] full"


def test_each_attempt_has_its_artifacts_to_itself(repo: Path) -> None:
    flag = repo.parent / "failed-once"
    first = f"touch {flag}; mkdir ck; echo 1 > ck/epoch=9.ckpt; exit 1"
    again = "mkdir ck; echo 2 > ck/epoch=3.ckpt"
    record = run_one(repo, f"if [ ! -e {flag} ]; then {first}; else {again}; fi", retries=1)
    assert record.artifacts == ("ck/epoch=3.ckpt",)
    kept = paths_of(repo).artifacts(0)
    assert [path.name for path in kept.rglob("*.ckpt")] == ["epoch=3.ckpt"]
    assert (kept.parent / "attempt_1" / "ck" / "epoch=9.ckpt").read_text() == "1\n"


def test_a_failed_attempt_keeps_its_artifacts_where_a_job_made_such_a_folder(repo: Path) -> None:
    command = 'mkdir -p "$SWEEPTREE_OUT/attempt_1"; echo x > made.txt; exit 1'
    run_one(repo, command, retries=1)
    folder = paths_of(repo).artifacts(0).parent
    assert sorted(path.name for path in folder.iterdir()) == [
        "artifacts",
        "attempt_1",
        "attempt_1-2",
    ]


def without_processes(stage: Stage[Any], job: JobContext, so_far: SoFar, /) -> Any:
    """The command runs; then no process can be made to look at what it changed."""
    if stage is not RUN_COMMAND:
        return run_directly(stage, job, so_far)
    attempts.supervised(job, so_far, Line(job.job.command))
    return Trouble(stage.step, BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"))


def test_an_end_that_could_not_be_recorded_for_want_of_processes_is_taken_later(repo: Path) -> None:
    command = "echo 1 >> $SWEEPTREE_OUT/runs"
    ended = lived_with(repo, without_processes, command)
    assert ended.record.state is JobState.FAILED
    with opened(repo, command, resume=True) as sweep:
        assert lived(sweep.job(0)).state is JobState.SUCCEEDED
    assert (paths_of(repo).out(0) / "runs").read_text() == "1\n"


@pytest.mark.parametrize(
    ("resume", "ends"),
    [
        (Resume(), [(JobState.FAILED, 1)]),
        (Resume(failed=True), [(JobState.FAILED, 1), (JobState.SUCCEEDED, 2)]),
        (Resume(jobs=(0,)), [(JobState.FAILED, 1), (JobState.SUCCEEDED, 2)]),
    ],
)
def test_a_failure_that_could_not_be_recorded_counts_as_one_when_the_sweep_goes_on(
    repo: Path, resume: Resume, ends: list[tuple[JobState, int]]
) -> None:
    command = "test $SWEEPTREE_ATTEMPT = 2"
    lived_with(repo, without_processes, command)
    with opened(repo, command, resume=True) as sweep:
        [due] = due_jobs(sweep, earlier_records(sweep.prepared), resume)
        record = lived(sweep.job(0), due.start)
    assert [(attempt.state, attempt.number) for attempt in record.attempts] == ends
    assert record.worktree is None
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1


def test_what_a_job_made_whose_end_could_not_be_recorded_is_kept_later(repo: Path) -> None:
    command = f"{CHANGES}; echo weights > model.txt"
    lived_with(repo, without_processes, command)
    with opened(repo, command, resume=True) as sweep:
        record = lived(sweep.job(0))
    assert record.artifacts == ("train.py", "model.txt")
    assert (paths_of(repo).artifacts(0) / "model.txt").read_text() == "weights\n"
    assert record.worktree is None
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1
