"""One attempt: the command under its keeper, and what the record says of it."""

import json
from pathlib import Path

import pytest
from helpers import git

from core.sweep.kit import lived, opened, paths_of, ran, run_one
from sweeptree.model import JobState
from sweeptree.records import read_record
from sweeptree.sweep import attempts
from sweeptree.sweep.results import SoFar


def test_a_job_leaves_record_log_metrics_and_artifacts(repo: Path) -> None:
    command = "python3 train.py --lr 3e-4 --seed 7; echo weights > model.txt"
    run_one(repo, command, metric="val_auc:max")
    paths = paths_of(repo)
    record = read_record(paths.record(0))
    assert (record.state, record.exit_code, record.seed) == (JobState.SUCCEEDED, 0, 7)
    assert record.metrics["val_auc"] == 0.9
    assert record.artifacts == ("model.txt",)
    assert (paths.artifacts(0) / "model.txt").read_text() == "weights\n"
    assert paths.log(0).read_text() == "trained --lr 3e-4 --seed 7\n"
    assert record.base_commit == git("rev-parse", "HEAD", cwd=repo)


def test_a_failing_command_is_data(repo: Path) -> None:
    record = run_one(repo, "exit 3")
    assert (record.state, record.exit_code, record.reason) == (JobState.FAILED, 3, "exit code 3")


def test_a_timeout_is_told_from_a_failure(repo: Path) -> None:
    assert run_one(repo, "sleep 30", timeout=0.2).state is JobState.TIMED_OUT


@pytest.mark.parametrize(
    "command", ["echo 'two  words'", "printf '%s' \"a'b\"", "echo ü\necho second", "true # ; rm"]
)
def test_a_command_runs_as_it_was_written(repo: Path, command: str) -> None:
    record = run_one(repo, command)
    assert (record.cmd, record.state) == (command, JobState.SUCCEEDED)


def test_the_ledger_tells_every_state(repo: Path) -> None:
    run_one(repo, "true")
    lines = [json.loads(line) for line in paths_of(repo).ledger.read_text().splitlines()]
    assert [line["state"] for line in lines] == ["running", "succeeded"]


def test_a_job_that_removed_its_worktree_has_failed(repo: Path) -> None:
    record = run_one(repo, 'rm -rf "$SWEEPTREE_WORKTREE"')
    assert (record.state, record.exit_code) == (JobState.FAILED, 0)


def test_attempts_are_counted_by_every_trace_they_left(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        job = sweep.job(0)
        assert attempts.last_attempt(job, SoFar()) == 0
        so_far = ran(job)
        assert attempts.last_attempt(job, SoFar()) == 1
        assert attempts.last_attempt(job, so_far.on_attempt(5)) == 5


CHECKPOINTS = "echo one > a.ckpt; echo two > b.ckpt; echo three > c.ckpt"


def test_a_cap_of_the_user_keeps_the_worktree(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_ARTIFACTS_CAP", "8")
    record = run_one(repo, CHECKPOINTS)
    assert record.artifacts == ("a.ckpt", "b.ckpt")
    assert "c.ckpt: 6 bytes, over the cap" in record.notes[0]
    assert record.worktree is not None
    assert Path(record.worktree, "c.ckpt").read_text() == "three\n"


def test_a_failed_jobs_worktree_keeps_its_files(repo: Path) -> None:
    record = run_one(repo, f"{CHECKPOINTS}; exit 1")
    assert record.worktree is not None
    assert Path(record.worktree, "a.ckpt").exists()
    assert (paths_of(repo).artifacts(0) / "a.ckpt").exists()


def test_what_was_moved_before_a_crash_is_in_the_record(repo: Path) -> None:
    with opened(repo, CHECKPOINTS) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        assert not list(so_far.worktree.top.glob("*.ckpt"))
        attempts.record_outcome(job, so_far, so_far.outcome)
        assert job.record.artifacts == ("a.ckpt", "b.ckpt", "c.ckpt")


def test_the_record_says_what_pythonpath_put_first_and_what_escapes_it(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repo / "ecg"))
    record = run_one(repo, 'echo "$PYTHONPATH"')
    assert (record.import_path, record.notes) == (("ecg",), ())
    assert paths_of(repo).log(0).read_text().startswith(f"{repo}/.sweeptree/wt/exp/slot_0/ecg:")
    with opened(repo, "python3 -E -c 1", exp_name="escapes") as sweep:
        record = lived(sweep.job(0))
    assert "not the pinned commit: python -E ignores PYTHONPATH" in record.notes[0]


def test_the_files_of_failed_jobs_beyond_those_whose_worktrees_are_kept_stand_elsewhere(
    repo: Path,
) -> None:
    commands = [f"echo {n} > best.ckpt; echo tuned >> train.py; exit 1" for n in range(10)]
    with opened(repo, *commands, stop_after_same=0) as sweep:
        records = [lived(sweep.job(n)) for n in range(10)]
    assert [record.worktree is not None for record in records] == [True] * 8 + [False] * 2
    kept = [paths_of(repo).artifacts(n) for n in range(10)]
    assert [(place / "best.ckpt").read_text() for place in kept] == [f"{n}\n" for n in range(10)]
    assert all((place / "train.py").read_text().endswith("tuned\n") for place in kept)


@pytest.mark.parametrize(
    ("keep", "command", "stays"),
    [
        ("failed", "echo x >> train.py", False),
        ("changed", "echo x >> train.py", True),
        ("changed", "touch made.txt", False),
        ("all", "true", True),
    ],
)
def test_a_worktree_that_was_asked_for_stays(
    repo: Path, keep: str, command: str, stays: bool
) -> None:
    record = run_one(repo, command, keep_worktrees=keep)
    assert (record.worktree is not None) == stays
    assert record.worktree is None or Path(record.worktree, "train.py").exists()


def test_what_is_kept_in_a_worktree_is_an_artifact_as_well(repo: Path) -> None:
    record = run_one(repo, "touch made.txt", keep_worktrees="all")
    assert record.artifacts == ("made.txt",)
    assert record.worktree is not None and Path(record.worktree, "made.txt").exists()


def test_a_worktree_of_which_nobody_knows_what_changed_stays(repo: Path) -> None:
    spoiled = 'for file in ../*.index; do echo junk > "$file"; done'
    record = run_one(repo, f"echo work > made.txt; {spoiled}")
    assert record.state is JobState.SUCCEEDED and record.notes
    assert record.worktree is not None and Path(record.worktree, "made.txt").exists()
