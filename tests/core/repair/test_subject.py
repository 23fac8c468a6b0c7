"""What is repaired is a commit, and finding it moves nothing of the user's."""

from pathlib import Path

import pytest
from helpers import git

from core.repair.kit import commit
from sweeptree.errors import Refused, UsageError
from sweeptree.model import PullRequest
from sweeptree.model.values import PullState
from sweeptree.publish.delivery import Context
from sweeptree.repair.spec import CIFixSpec
from sweeptree.repair.subject import Subject, check_pull, find_subject


def subject_of(tmp_path: Path, **given: object) -> Subject:
    context = Context({}, tmp_path / "state")
    with find_subject(CIFixSpec.model_validate(given), context) as subject:
        return subject


def test_head_is_the_subject_with_what_its_branch_changed(repo: Path, tmp_path: Path) -> None:
    git("checkout", "-qb", "feature", cwd=repo)
    commit(repo, a_py="x = 1\n")
    head = commit(repo, b_py="x = 1\n")
    (repo / "train.py").write_text("not committed\n")
    subject = subject_of(tmp_path, repo=repo / "ecg")
    assert (subject.commit, subject.name, subject.changed) == (head, "feature", ("a.py", "b.py"))
    assert "train.py" in subject.files and subject.into is None


def test_on_the_default_branch_the_last_commit_counts(repo: Path, tmp_path: Path) -> None:
    commit(repo, a_py="x = 1\n")
    commit(repo, b_py="x = 1\n")
    assert subject_of(tmp_path, repo=repo).changed == ("b.py",)


def test_a_worktree_is_taken_as_it_stands(repo: Path, tmp_path: Path) -> None:
    (repo / "new.py").write_text("x = 1\n")
    (repo / "train.py").write_text("y\n")
    git("add", "train.py", cwd=repo)
    before = (git("status", "--porcelain", cwd=repo), (repo / ".git" / "index").read_bytes())
    subject = subject_of(tmp_path, worktree=repo)
    assert subject.changed == ("new.py", "train.py")
    assert git("show", f"{subject.commit}:new.py", cwd=repo) == "x = 1"
    now = (git("status", "--porcelain", cwd=repo), (repo / ".git" / "index").read_bytes())
    assert now == before


def test_a_branch_that_is_ahead_of_its_remote_is_said(repo: Path, tmp_path: Path) -> None:
    git("update-ref", "refs/remotes/origin/main", "HEAD", cwd=repo)
    assert subject_of(tmp_path, repo=repo).warnings == ()
    commit(repo, a_py="x = 1\n")
    subject = subject_of(tmp_path, repo=repo)
    assert subject.into == "main" and "lacks commits of yours" in subject.warnings[0]


def test_what_cannot_be_a_subject(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not in a git repository"):
        subject_of(tmp_path, repo=tmp_path)
    with pytest.raises(Refused, match="no forge to ask"):
        subject_of(tmp_path, repo=repo, pull_request=1)
    (tmp_path / "empty").mkdir()
    git("init", "-q", cwd=tmp_path / "empty")
    with pytest.raises(Refused, match="no commit yet"):
        subject_of(tmp_path, repo=tmp_path / "empty")


def test_code_of_a_fork_runs_only_when_that_was_said() -> None:
    pull = PullRequest(7, "u", PullState.OPEN, "b", "main", "c", is_from_fork=True)
    with pytest.raises(Refused, match="comes from a fork"):
        check_pull(pull, allow_forks=False)
    check_pull(pull, allow_forks=True)


def test_a_closed_pull_request_is_not_repaired() -> None:
    pull = PullRequest(7, "u", PullState.CLOSED, "b", "main", "c")
    with pytest.raises(Refused, match="nothing is repaired"):
        check_pull(pull, allow_forks=True)
