"""From a worktree to a pull request, against a forge whose truth is git."""

from dataclasses import replace
from pathlib import Path

from helpers import git

from forge.hub import Hub
from sweeptree.publish.delivery import Context, Options, deliver

FULL = Options(title="Wider", labels=("auto-results", "overnight"), reviewers=("grace",))


def test_new_pull_request_takes_four_requests(hub: Hub, worktree: Path, context: Context) -> None:
    done = deliver(worktree, "wider", FULL, context)
    assert done.state == "opened"
    assert hub.calls == [
        "GET /pulls",
        "POST /pulls",
        "POST /issues/1/labels",
        "POST /pulls/1/requested_reviewers",
    ]
    pull = hub.pulls[1]
    assert (pull.draft, pull.labels, pull.reviewers) == (
        True,
        ["auto-results", "overnight"],
        ["grace"],
    )
    assert pull.head == hub.repo.tip("wider") == done.commit


def test_unchanged_rerun_takes_one_request_and_no_push(
    hub: Hub, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", FULL, context)
    hub.log.clear()
    done = deliver(worktree, "wider", FULL, context)
    assert (done.state, done.steps, hub.calls) == ("unchanged", (), ["GET /pulls"])
    assert not [r for r in hub.log if r.is_git and "receive-pack" in r.path + r.query]


def test_commit_holds_what_stands_in_the_worktree(
    hub: Hub, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", FULL, context)
    shown = hub.repo.git("diff", "--name-status", "main", "wider").split()
    assert shown == ["M", "ecg/model.py", "A", "notes.md"]
    assert hub.repo.git("show", "wider:ecg/model.py") == "WIDTH = 16"


def test_dry_run_lists_what_the_real_run_does(hub: Hub, worktree: Path, context: Context) -> None:
    before = git("for-each-ref", cwd=worktree)
    planned = deliver(worktree, "wider", replace(FULL, dry_run=True), context)
    assert (hub.log, git("for-each-ref", cwd=worktree)) == ([], before)
    assert planned.steps == deliver(worktree, "wider", FULL, context).steps
