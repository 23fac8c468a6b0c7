"""What a GitHub that somebody else wrote makes of our requests.

Only what emulate 0.12.2 does as GitHub does is asked of it. It lacks the refusals (a second pull
request of one branch, a draft's merge, an old approval), statuses and conflicts: those are
tests/forge's.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from emulate.running import Emulate
from sweeptree.errors import ForgeError
from sweeptree.publish.delivery import Context, Options, deliver, find_target
from sweeptree.publish.forge import Comment, Forge, Method

FULL = Options(title="Wider", labels=("auto-results", "overnight"), reviewers=("grace",))


@pytest.fixture
def forge(emulate: Emulate, worktree: Path, context: Context) -> Forge:
    """The forge as the delivery sees it."""
    found = find_target(worktree, Options(), context).forge
    assert found is not None
    return found


def test_draft_with_labels_and_reviewers_takes_four_requests(
    emulate: Emulate, worktree: Path, context: Context
) -> None:
    before = emulate.requests_so_far()
    done = deliver(worktree, "wider", FULL, context)
    assert (done.state, done.warnings, emulate.requests_so_far() - before) == ("opened", (), 4 + 1)
    pull = emulate.get("/pulls/1")
    assert (pull["draft"], pull["title"], pull["head"]["sha"]) == (True, "Wider", done.commit)
    assert [label["name"] for label in pull["labels"]] == ["auto-results", "overnight"]
    assert [user["login"] for user in pull["requested_reviewers"]] == ["grace"]


def test_unchanged_rerun_takes_one_request(
    emulate: Emulate, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", FULL, context)
    before = emulate.requests_so_far()
    done = deliver(worktree, "wider", FULL, context)
    assert (done.state, emulate.requests_so_far() - before) == ("unchanged", 1 + 1)
    assert len(emulate.get("/pulls?state=all")) == 1


def test_found_by_head_and_base_among_others(
    emulate: Emulate, worktree: Path, context: Context, forge: Forge
) -> None:
    for branch in ("wider", "wider-2", "x/wider"):
        deliver(worktree, branch, Options(title=branch), context)
    found = forge.find("wider-2", "main", "ada")
    assert found is not None and (found.number, found.branch, found.state) == (2, "wider-2", "open")
    assert forge.find("wider-3", "main", "ada") is None


def test_labels_and_reviewers_that_are_missing_are_added(
    emulate: Emulate, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", replace(FULL, labels=("one",), reviewers=()), context)
    done = deliver(worktree, "wider", replace(FULL, labels=("one", "two")), context)
    assert done.state == "updated"
    assert [label["name"] for label in emulate.get("/pulls/1")["labels"]] == ["one", "two"]
    assert [user["login"] for user in emulate.get("/pulls/1")["requested_reviewers"]] == ["grace"]


def test_unknown_reviewer_is_a_warning(emulate: Emulate, worktree: Path, context: Context) -> None:
    done = deliver(worktree, "wider", replace(FULL, reviewers=("nobody", "grace")), context)
    assert [warning.split()[0] for warning in done.warnings] == ["nobody"]
    assert [user["login"] for user in emulate.get("/pulls/1")["requested_reviewers"]] == ["grace"]


def test_body_is_brought_up_to_date(emulate: Emulate, worktree: Path, context: Context) -> None:
    deliver(worktree, "wider", replace(FULL, note="first"), context)
    deliver(worktree, "wider", replace(FULL, note="second"), context)
    body = emulate.get("/pulls/1")["body"]
    assert "second" in body and "first" not in body


def test_comment_is_written_once_and_edited(
    emulate: Emulate, worktree: Path, context: Context, forge: Forge
) -> None:
    deliver(worktree, "wider", FULL, context)
    for text in ("red", "green", "green"):
        forge.comment(1, Comment("merge-assistant", text))
    (comment,) = emulate.get("/issues/1/comments")
    assert comment["body"].endswith("green")


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merge_takes_the_head_that_was_tested(
    emulate: Emulate, worktree: Path, context: Context, forge: Forge, method: Method
) -> None:
    deliver(worktree, "wider", replace(FULL, is_draft=False), context)
    pull = forge.get(1)
    with pytest.raises(ForgeError):
        forge.merge(replace(pull, commit="0" * 40), method=method, title="Wider (#1)")
    landed = forge.merge(pull, method=method, title="Wider (#1)")
    assert forge.get(1).state == "merged"
    assert emulate.get("/branches/main")["commit"]["sha"] == landed
