"""A job's stages in plain Python: real git, real keepers, real records; no engine."""

from pathlib import Path

from helpers import git

from core.sweep.kit import lived, opened, paths_of, ran, run_one
from sweeptree.model import JobState
from sweeptree.records import read_record
from sweeptree.sweep import stages
from sweeptree.sweep.results import Delivered


def test_a_failed_job_that_left_something_keeps_its_worktree(repo: Path) -> None:
    record = run_one(repo, "echo half > half.txt; exit 1")
    assert record.worktree is not None
    assert (Path(record.worktree) / "half.txt").read_text() == "half\n"


def test_a_job_without_leftovers_gives_its_worktree_back(repo: Path) -> None:
    assert run_one(repo, "exit 1").worktree is None
    assert git("worktree", "list", cwd=repo).count("\n") == 0


def test_a_failed_setup_stops_the_job_and_says_so(repo: Path) -> None:
    record = run_one(repo, "echo never > ran", setup="echo no >&2; exit 9")
    assert record.reason == "the setup command failed: exit code 9"
    assert record.artifacts == ()


def test_setup_runs_before_the_command_in_its_worktree(repo: Path) -> None:
    record = run_one(repo, "cat prepared", setup="echo ready > prepared")
    assert record.state is JobState.SUCCEEDED


def test_what_a_job_changed_lands_on_its_own_branch(repo: Path) -> None:
    with opened(repo, "echo '# tuned' >> train.py", commit_and_pr=True) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        done = stages.commit_and_pr(job, so_far)
        assert isinstance(done, Delivered) and done.branch is not None
        record = stages.finish(job, so_far.after_delivery(done))
    assert record.git_branch == done.branch.name
    assert done.branch.name.startswith("sweeptree/exp/0-")
    assert git("show", f"{done.branch.name}:train.py", cwd=repo).endswith("# tuned")
    assert git("status", "--porcelain", cwd=repo) == ""


def test_max_prs_bounds_the_branches(repo: Path) -> None:
    record = run_one(repo, "echo x >> train.py", commit_and_pr=True, max_prs=0)
    assert record.notes == ("no branch: --max_prs 0 is reached",)
    assert git("branch", "--list", "sweeptree/*", cwd=repo) == ""


def test_a_second_attempt_is_numbered_and_the_first_one_s_log_is_put_aside(repo: Path) -> None:
    tries = "echo try $SWEEPTREE_ATTEMPT; test $SWEEPTREE_ATTEMPT = 2"
    record, paths = run_one(repo, tries, retries=1), paths_of(repo)
    assert [a.state for a in record.attempts] == [JobState.FAILED, JobState.SUCCEEDED]
    assert paths.log(0).read_text() == "try 2\n"
    assert paths.attempt(0, 1, "log").read_text() == "try 1\n"


def test_without_worktrees_jobs_run_in_the_repository_and_keep_no_artifacts(repo: Path) -> None:
    record = run_one(repo, "pwd; echo x > made.txt", use_worktree=False)
    assert record.artifacts == ()
    assert (repo / "made.txt").exists()


def test_an_empty_out_folder_goes_again_and_one_with_a_file_stays(repo: Path) -> None:
    with opened(repo, "true", 'echo x > "$SWEEPTREE_OUT"/model.txt') as sweep:
        records = [lived(sweep.job(index)) for index in (0, 1)]
    paths = paths_of(repo)
    assert [record.state for record in records] == [JobState.SUCCEEDED] * 2
    assert (paths.out(0).exists(), (paths.out(1) / "model.txt").exists()) == (False, True)
    assert read_record(paths.record(1)) == records[1]
