"""What is compared with what."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused, UsageError
from sweeptree.model import PullRequest, PullState
from sweeptree.publish.delivery import Context
from sweeptree.review.subjects import _refuse_fork, review
from sweeptree.review.values import Review, ReviewOptions

STATIC = ReviewOptions(run_tests=False)


def reviewed(top: Path, subject: str | None = None, options: ReviewOptions = STATIC) -> Review:
    return review(top, subject, options, Context({}, top / "state"))


@pytest.fixture
def topic(repo: Path) -> Path:
    git("checkout", "-q", "-b", "topic", cwd=repo)
    (repo / "train.py").write_text("print(missing)\n")
    git("commit", "-q", "-am", "topic", cwd=repo)
    return repo


def test_two_commits(topic: Path) -> None:
    done = reviewed(topic, "main..topic")
    assert done.subject == "main..topic"
    assert [each.rule for each in done.blockers] == ["F821"]


def test_three_dots_and_a_missing_head_mean_the_same(topic: Path) -> None:
    assert reviewed(topic, "main...").head == git("rev-parse", "topic", cwd=topic)


def test_a_worktree_with_what_is_not_committed_stays_as_it_is(topic: Path) -> None:
    (topic / "new.py").write_text("print(nothing)\n")
    before = git("status", "--porcelain=v2", cwd=topic), git("for-each-ref", cwd=topic)
    done = reviewed(topic)
    assert [each.path for each in done.blockers] == ["new.py", "train.py"]
    assert (git("status", "--porcelain=v2", cwd=topic), git("for-each-ref", cwd=topic)) == before


def test_changes_on_the_main_branch_are_compared_with_its_head(repo: Path) -> None:
    (repo / "train.py").write_text("print(missing)\n")
    assert reviewed(repo).base == git("rev-parse", "HEAD", cwd=repo)


def test_nothing_to_compare_with_is_a_mistake(repo: Path) -> None:
    with pytest.raises(UsageError, match="not clear what to compare with"):
        reviewed(repo)


def test_no_change_is_a_mistake(topic: Path) -> None:
    with pytest.raises(UsageError, match="changes nothing"):
        reviewed(topic, "topic..main")


def test_what_names_nothing_is_a_mistake(repo: Path) -> None:
    with pytest.raises(UsageError, match="is nothing to review"):
        reviewed(repo, "topic")


def test_lines_without_a_common_commit_are_refused(repo: Path) -> None:
    git("checkout", "-q", "--orphan", "alone", cwd=repo)
    git("commit", "-q", "-m", "alone", cwd=repo)
    with pytest.raises(Refused, match="no commit in common"):
        reviewed(repo, "main..alone")


def test_a_pull_request_needs_a_forge(repo: Path) -> None:
    with pytest.raises(Refused, match="no forge"):
        reviewed(repo, "#3")


def test_a_fork_is_refused_until_somebody_decides() -> None:
    pull = PullRequest(3, "url", PullState.OPEN, "topic", "main", "c" * 40, is_from_fork=True)
    with pytest.raises(Refused, match="comes from a fork") as refused:
        _refuse_fork(pull, ReviewOptions())
    assert "--no_tests" in refused.value.hint[0]
    _refuse_fork(pull, STATIC)
    _refuse_fork(pull, ReviewOptions(allow_forks=True))


def test_a_folder_that_is_no_repository_is_a_mistake(tmp_path: Path, git_env: Path) -> None:
    with pytest.raises(UsageError, match="not in a git repository"):
        reviewed(tmp_path)
