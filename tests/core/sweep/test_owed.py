"""What an earlier run could not deliver."""

from pathlib import Path
from typing import Any

import pytest
from helpers import git

from core.sweep.kit import opened, run_one
from sweeptree.model import Branch, JobDelivery, JobRecord, JobState
from sweeptree.sweep.owed import made_branch, owed

FAILED_COMMIT = {"state": "failed", "step": "commit"}
FAILED_PULL = {"state": "failed", "step": "pull request"}


@pytest.mark.parametrize(
    ("delivery", "wants", "is_owed"),
    [
        (FAILED_COMMIT, "commit_and_pr", True),
        (FAILED_PULL, "commit_and_pr", True),
        (FAILED_COMMIT, "commit_and_pr_best", True),
        (FAILED_PULL, "commit_and_pr_best", False),
        ({"state": "opened"}, "commit_and_pr", True),
        ({"state": "delivered"}, "commit_and_pr", False),
        ({"state": "local"}, "commit_and_pr", False),
    ],
)
def test_what_is_owed(repo: Path, delivery: dict[str, Any], wants: str, is_owed: bool) -> None:
    found = JobDelivery.model_validate(delivery)
    record = JobRecord(id=0, state=JobState.SUCCEEDED, delivery=found)
    with opened(repo, "true", **{wants: True}) as sweep:
        assert owed(sweep.prepared, [record]) == ((0,) if is_owed else ())


def test_a_job_that_failed_owes_nothing(repo: Path) -> None:
    found = JobDelivery.model_validate(FAILED_COMMIT)
    record = JobRecord(id=0, state=JobState.FAILED, delivery=found)
    with opened(repo, "true", commit_and_pr=True) as sweep:
        assert owed(sweep.prepared, [record]) == ()


def test_the_branch_of_an_earlier_run_is_found_as_long_as_it_is_there(repo: Path) -> None:
    change = "echo x >> train.py"
    name = str(run_one(repo, change, commit_and_pr=True).git_branch)
    with opened(repo, change, commit_and_pr=True, resume=True) as sweep:
        commit = git("rev-parse", name, cwd=repo)
        assert made_branch(sweep.job(0)) == Branch(name, commit)


def test_the_user_s_branch_is_not_the_job_s(repo: Path) -> None:
    run_one(repo, "true")
    with opened(repo, "true", resume=True) as sweep:
        assert sweep.job(0).record.git_branch == "main"
        assert made_branch(sweep.job(0)) is None
