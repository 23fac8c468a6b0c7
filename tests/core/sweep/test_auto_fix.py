"""The auto-fix of a job: a script where there is one, else tidiers on what the job changed."""

from pathlib import Path

import pytest
from helpers import git

from core.sweep.kit import opened, ran
from sweeptree.model import JobState
from sweeptree.sweep import auto_fix, stages

DEFAULT = "scripts/agents/auto_fix_and_pr.sh"
UNTIDY = "printf 'import os\\nx  =  1\\n' > train.py; printf 'y  =  2\\n' > made.py"


def commit(repo: Path, path: str, text: str) -> None:
    (repo / path).parent.mkdir(parents=True, exist_ok=True)
    (repo / path).write_text(text)
    git("add", ".", cwd=repo)
    git("commit", "-qm", path, cwd=repo)


def test_a_script_runs_in_the_worktree_and_its_failure_is_recorded(repo: Path) -> None:
    commit(repo, "fix.sh", "echo fixed > fixed.txt; exit 4\n")
    with opened(repo, "true", auto_fix_before_pr=True, auto_fix_script="fix.sh") as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        fixed = auto_fix.auto_fix(job, so_far)
        assert so_far.worktree is not None and fixed.script is not None
        assert (so_far.worktree.top / "fixed.txt").exists()
        record = stages.finish(job, so_far)
    assert (record.state, fixed.script.name) == (JobState.SUCCEEDED, "fix.sh")
    assert record.auto_fix is not None and record.auto_fix["exit_code"] == 4


def test_a_missing_script_that_was_named_is_recorded(repo: Path) -> None:
    named = {"auto_fix_before_pr": True, "auto_fix_script": "no.sh"}
    with opened(repo, "true", setup="true", **named) as sweep:
        job = sweep.job(0)
        assert auto_fix.auto_fix(job, ran(job)).outcome is None
        assert job.record.auto_fix is not None
        assert job.record.auto_fix["reason"] == "there is no such script"


def test_without_a_script_the_changed_files_are_put_in_order(repo: Path) -> None:
    with opened(repo, UNTIDY, auto_fix_before_pr=True) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        auto_fix.auto_fix(job, so_far)
        assert so_far.worktree is not None
        top = so_far.worktree.top
        texts = [(top / name).read_text() for name in ("train.py", "made.py")]
        done = job.record.auto_fix
    assert texts == ["x = 1\n", "y  =  2\n"]
    assert done is not None and (done["exit_code"], done["script"]) == (0, None)
    assert done["notes"] == ["ruff check --fix", "ruff format"]


def test_what_the_pull_request_gets_is_put_in_order_too(repo: Path) -> None:
    with opened(repo, UNTIDY, auto_fix_before_pr=True, pr_artifacts=("made.*",)) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        auto_fix.auto_fix(job, so_far)
        assert so_far.worktree is not None
        assert (so_far.worktree.top / "made.py").read_text() == "y = 2\n"


def test_a_job_that_changed_nothing_needs_no_fix(repo: Path) -> None:
    with opened(repo, "true", auto_fix_before_pr=True) as sweep:
        job = sweep.job(0)
        fixed = auto_fix.auto_fix(job, ran(job))
        assert job.record.auto_fix is not None and job.record.auto_fix["exit_code"] == 0
    assert (fixed.outcome, fixed.notes) == (None, (auto_fix.NOTHING_CHANGED,))


@pytest.mark.parametrize("is_executable", [True, False])
def test_the_script_of_the_default_path_is_used_where_it_exists(
    repo: Path, is_executable: bool
) -> None:
    commit(repo, DEFAULT, "#!/bin/sh\necho by script > fixed.txt\n")
    if is_executable:
        (repo / DEFAULT).chmod(0o755)
        git("commit", "-qam", "mode", cwd=repo)
    with opened(repo, UNTIDY, auto_fix_before_pr=True) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        fixed = auto_fix.auto_fix(job, so_far)
        assert so_far.worktree is not None and fixed.script is not None
        assert (so_far.worktree.top / "fixed.txt").read_text() == "by script\n"
        assert (so_far.worktree.top / "train.py").read_text() == "import os\nx  =  1\n"


def test_in_the_repository_itself_nobody_knows_whose_change_is_whose(repo: Path) -> None:
    with opened(repo, UNTIDY, auto_fix_before_pr=True, use_worktree=False) as sweep:
        job = sweep.job(0)
        fixed = auto_fix.auto_fix(job, ran(job))
    assert fixed.notes == (auto_fix.IN_PLACE,)
    assert (repo / "train.py").read_text() == "import os\nx  =  1\n"
