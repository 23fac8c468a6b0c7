"""What the branch with a job's changes is called, and what its commit says."""

import pytest

from sweeptree.model import Job, JobRecord
from sweeptree.sweep.branches import branch_name, commit_message, has_own_branch

JOB = Job(3, "python3 train.py --lr 1e-3", {"lr": 1e-3}, 7, "lr=1e-3 über alles")


def test_the_same_job_gets_the_same_branch_name() -> None:
    names = {branch_name("exp", "c0ffee", JOB) for _ in range(2)}
    assert len(names) == 1
    assert names.pop().startswith("sweeptree/exp/3-lr=1e-3-ber-alles-seed7-")


def test_another_commit_gives_another_branch_name() -> None:
    assert branch_name("exp", "c0ffee", JOB) != branch_name("exp", "decade", JOB)


def test_the_commit_names_the_job_and_hides_secrets() -> None:
    record = JobRecord(id=3, metrics={"val_auc": 0.91234567})
    secret = Job(3, "TOKEN=ghp_" + "a1" * 18 + " train", {}, None, "c")
    assert "val_auc: 0.912346" in commit_message("exp", JOB, record)
    assert "ghp_" + "a1" * 18 not in commit_message("exp", secret, record)


@pytest.mark.parametrize(
    ("name", "is_own"), [("sweeptree/exp/0-a", True), ("main", False), (None, False)]
)
def test_a_branch_of_the_job_s_own_is_told_from_the_user_s(name: str | None, is_own: bool) -> None:
    assert has_own_branch(JobRecord(id=0, git_branch=name)) is is_own
