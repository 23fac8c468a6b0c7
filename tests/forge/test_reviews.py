"""Reviews on a pull request: one per head, edited and never stacked, silent where people spoke."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Fault, Hub, Remark
from sweeptree.errors import ForgeError, Refused, UsageError
from sweeptree.publish.delivery import Context, Options, deliver
from sweeptree.review import Review, ReviewOptions, review_pull

STATIC = ReviewOptions(run_tests=False, post=True)
CODE = "import numpy as np\n\n\ndef f(x, seen=[]):\n    return missing + np.sum(x)\n"


@pytest.fixture
def pull(hub: Hub, worktree: Path, context: Context) -> Path:
    """Pull request 1, which adds an undefined name and a mutable default. Returns the worktree."""
    (worktree / "ecg" / "slow.py").write_text(CODE)
    return push(worktree, context)


def push(worktree: Path, context: Context) -> Path:
    deliver(worktree, "wider", Options(title="Wider", is_draft=False), context)
    return worktree


def rewrite(worktree: Path, context: Context, text: str) -> None:
    (worktree / "ecg" / "slow.py").write_text(text)
    push(worktree, context)


def reviewed(pull: Path, context: Context, options: ReviewOptions = STATIC) -> Review:
    return review_pull(pull, 1, options, context)


def test_nothing_leaves_the_machine_unless_asked(hub: Hub, pull: Path, context: Context) -> None:
    done = reviewed(pull, context, replace(STATIC, post=False))
    assert done.is_blocked and done.posted == ()
    assert (hub.pulls[1].reviews, hub.pulls[1].threads) == ([], [])


def test_one_review_with_a_comment_per_line(hub: Hub, pull: Path, context: Context) -> None:
    done = reviewed(pull, context)
    (review,) = hub.pulls[1].reviews
    assert review["commit_id"] == done.head and "1 blocker" in review["body"]
    assert [(each.path, each.line) for each in hub.pulls[1].threads] == [
        ("ecg/slow.py", 5),
        ("ecg/slow.py", 4),
    ]


def test_the_same_head_again_writes_nothing(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    before = len([call for call in hub.calls if not call.startswith("GET")])
    assert reviewed(pull, context).posted == ("nothing to update",)
    after = [call for call in hub.calls if not call.startswith("GET")]
    assert after[before:] == ["POST graphql Reviewed"]


def test_what_a_commit_fixed_is_resolved(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    rewrite(pull, context, CODE.replace("missing", "1"))
    done = reviewed(pull, context)
    undefined, mutable = hub.pulls[1].threads
    assert (undefined.resolved_by, mutable.resolved_by) == ("ada", None)
    assert f"Fixed at `{done.head[:12]}`" in undefined.remarks[0].body
    assert "resolved 1 comment" in done.posted


def test_moved_lines_keep_their_comment(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    rewrite(pull, context, "# a new first line\n" + CODE)
    reviewed(pull, context)
    assert [each.resolved_by for each in hub.pulls[1].threads] == [None, None]


def test_an_older_head_keeps_one_line(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    rewrite(pull, context, CODE + "\n# more\n")
    done = reviewed(pull, context)
    old, new = hub.pulls[1].reviews
    assert f"superseded by the review of `{done.head[:12]}`" in old["body"]
    assert len(old["body"].splitlines()) == 2 and "1 blocker" in new["body"]


def test_a_line_is_left_alone_once_a_person_answered(
    hub: Hub, pull: Path, context: Context
) -> None:
    reviewed(pull, context)
    thread = hub.pulls[1].threads[0]
    thread.remarks.append(Remark("C9", "it comes with the next commit", "grace"))
    rewrite(pull, context, CODE.replace("missing", "other"))
    reviewed(pull, context)
    assert [len(each.remarks) for each in hub.pulls[1].threads] == [2, 1]
    assert thread.resolved_by is None


def test_the_tokens_owner_is_a_person_too(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    answered, settled = hub.pulls[1].threads
    answered.remarks.append(Remark("C9", "on purpose", "ada"))
    settled.resolved_by = "ada"
    rewrite(pull, context, CODE.replace("np.sum(x)", "np.sum(x) + 1") + "\n# more\n")
    reviewed(pull, context)
    assert (answered.resolved_by, settled.resolved_by) == (None, "ada")
    assert len(hub.pulls[1].threads) == 2


def test_what_a_person_settled_is_not_said_again(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    hub.pulls[1].threads[0].resolved_by = "grace"
    rewrite(pull, context, CODE + "\n# more\n")
    reviewed(pull, context)
    assert [each.resolved_by for each in hub.pulls[1].threads] == ["grace", None]


def test_what_comes_back_is_opened_again(hub: Hub, pull: Path, context: Context) -> None:
    reviewed(pull, context)
    rewrite(pull, context, CODE.replace("missing", "1"))
    reviewed(pull, context)
    rewrite(pull, context, CODE)
    assert "reopened 1 comment" in reviewed(pull, context).posted
    assert [each.resolved_by for each in hub.pulls[1].threads] == [None, None]


def test_no_more_than_twenty_comments(hub: Hub, worktree: Path, context: Context) -> None:
    rewrite(worktree, context, "\n".join(f"print(missing{number})" for number in range(30)))
    done = reviewed(worktree, context)
    assert (len(done.blockers), len(hub.pulls[1].threads)) == (30, 20)


def test_a_safe_fix_is_a_suggestion(hub: Hub, worktree: Path, context: Context) -> None:
    rewrite(worktree, context, "def f(x):\n    return x is 3\n")
    reviewed(worktree, context)
    (thread,) = hub.pulls[1].threads
    assert "```suggestion\n    return x == 3\n```" in thread.remarks[0].body


def test_a_lost_answer_posts_no_second_review(hub: Hub, pull: Path, context: Context) -> None:
    hub.faults.append(Fault("POST", "/reviews$", 502, after=True))
    reviewed(pull, context)
    assert len(hub.pulls[1].reviews) == 1


def test_a_review_that_cannot_be_posted_is_not_lost(hub: Hub, pull: Path, context: Context) -> None:
    hub.faults.append(Fault("POST", "/reviews$", 403))
    done = reviewed(pull, context)
    assert done.is_blocked and done.is_unposted
    assert "the review was not posted" in done.warnings[0]


def test_the_reviews_of_others_stay(hub: Hub, pull: Path, context: Context) -> None:
    hub.review(1, "grace", "COMMENTED")
    theirs = dict(hub.pulls[1].reviews[0])
    reviewed(pull, context)
    assert hub.pulls[1].reviews[0] == theirs


def test_the_users_clone_keeps_no_ref(hub: Hub, pull: Path, context: Context) -> None:
    before = git("for-each-ref", cwd=pull), git("worktree", "list", cwd=pull)
    reviewed(pull, context)
    assert (git("for-each-ref", cwd=pull), git("worktree", "list", cwd=pull)) == before


def test_a_closed_pull_request_is_refused(hub: Hub, pull: Path, context: Context) -> None:
    hub.close(1)
    with pytest.raises(Refused, match="is closed"):
        reviewed(pull, context)


def test_a_pull_request_that_is_not_there_is_an_error(
    hub: Hub, pull: Path, context: Context
) -> None:
    with pytest.raises(ForgeError):
        review_pull(pull, 77, STATIC, context)


def test_post_without_a_pull_request_is_a_mistake(pull: Path, context: Context) -> None:
    from sweeptree.review import review

    with pytest.raises(UsageError, match="--post needs a pull request"):
        review(pull, "main..HEAD", STATIC, context)
