"""Deliveries that are repeated, interrupted or raced come to one branch and one pull request."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Fault, Hub
from sweeptree.errors import ForgeError, PushError
from sweeptree.publish.delivery import Context, Delivered, Options, deliver

FULL = Options(title="Wider", labels=("auto-results",), reviewers=("grace",))


def test_changed_worktree_adds_a_commit_to_the_same_pull_request(
    hub: Hub, worktree: Path, context: Context
) -> None:
    first = deliver(worktree, "wider", FULL, context)
    (worktree / "notes.md").write_text("wider still\n")
    second = deliver(worktree, "wider", FULL, context)
    assert (second.state, len(hub.pulls)) == ("updated", 1)
    assert hub.repo.contains(str(first.commit), hub.repo.tip("wider"))
    assert hub.repo.git("show", "wider:notes.md") == "wider still"


@pytest.mark.parametrize("status", [502, "drop"])
@pytest.mark.parametrize("path", ["/pulls$", "/labels$", "/requested_reviewers$"])
def test_answer_lost_after_a_write_doubles_nothing(
    hub: Hub, worktree: Path, context: Context, path: str, status: int | str
) -> None:
    hub.faults.append(Fault("POST", path, status, after=True))
    deliver(worktree, "wider", FULL, context)
    assert [(p.labels, p.reviewers) for p in hub.pulls.values()] == [(["auto-results"], ["grace"])]
    assert (
        len(
            [
                call
                for call in hub.calls
                if call.startswith("POST") and call.endswith(path.strip("$"))
            ]
        )
        == 1
    )


@pytest.mark.parametrize("path", ["/pulls$", "/labels$", "/requested_reviewers$"])
def test_crash_between_steps_is_finished_by_the_next_run(
    hub: Hub, worktree: Path, context: Context, path: str
) -> None:
    hub.faults.append(Fault("POST", path, 503, times=9))
    with pytest.raises(ForgeError) as failed:
        deliver(worktree, "wider", FULL, context)
    assert (failed.value.kind, failed.value.exit_code) == ("network", 4)
    hub.faults.clear()
    deliver(worktree, "wider", FULL, context)
    assert [(p.labels, p.reviewers) for p in hub.pulls.values()] == [(["auto-results"], ["grace"])]


def test_answer_of_the_push_lost(hub: Hub, worktree: Path, context: Context) -> None:
    hub.faults.append(Fault("POST", "receive-pack", "drop", after=True))
    done = deliver(worktree, "wider", FULL, context)
    assert (done.state, hub.repo.tip("wider")) == ("opened", done.commit)


def test_many_at_once_make_one_pull_request(hub: Hub, worktree: Path, context: Context) -> None:
    done: list[Delivered] = []
    threads = [
        threading.Thread(target=lambda: done.append(deliver(worktree, "wider", FULL, context)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(hub.pulls), {d.commit for d in done}) == (8, 1, {hub.repo.tip("wider")})
    assert (hub.pulls[1].labels, hub.pulls[1].reviewers) == (["auto-results"], ["grace"])


DELIVER = """
import json, os, sys
from pathlib import Path
from sweeptree.publish.delivery import Options, Context, deliver
from sweeptree.publish.forge.pace import Pace

state = Path(sys.argv[2])
context = Context(dict(os.environ), state, pace=Pace(state / "forge.lock", interval=0.0))
options = Options(title="Wider", labels=("auto-results", "overnight"), reviewers=("grace", "linus"))
print("ready", flush=True)
sys.stdin.readline()
done = deliver(Path(sys.argv[1]), "wider", options, context)
print(json.dumps([done.commit, done.pull.number]))
"""


def _race(worktree: Path, context: Context) -> list[subprocess.Popen[str]]:
    """Eight processes that deliver the same worktree; they start together, once all are past their
    imports."""
    words = [sys.executable, "-c", DELIVER, str(worktree), str(context.state)]
    env, pipe = {**os.environ, **context.environ}, subprocess.PIPE
    many = [
        subprocess.Popen(words, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(8)
    ]
    assert [process.stdout.readline() for process in many if process.stdout] == ["ready\n"] * 8
    for process in many:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return many


def test_many_processes_at_once_make_one_pull_request(
    hub: Hub, worktree: Path, context: Context
) -> None:
    hub.repo.git("config", "core.logAllRefUpdates", "always")
    many = _race(worktree, context)
    ended = [process.communicate(timeout=120) for process in many]
    assert [process.returncode for process in many] == [0] * 8, ended
    assert [json.loads(out) for out, _ in ended] == [[hub.repo.tip("wider"), 1]] * 8
    (pull,) = hub.pulls.values()
    assert (pull.labels, pull.reviewers) == (["auto-results", "overnight"], ["grace", "linus"])
    assert (
        len(hub.repo.git("reflog", "show", "refs/heads/wider").splitlines()) == 1
    )  # made once, never moved


def _push_by_hand(hub: Hub, tmp_path: Path, text: str) -> str:
    other = tmp_path / "human"
    subprocess.run(
        ["git", "clone", "-q", "-b", "wider", str(hub.repo.path), str(other)], check=True
    )
    (other / "notes.md").write_text(text)
    git("commit", "-q", "-am", "by hand", cwd=other)
    git("push", "-q", "origin", "wider", cwd=other)
    return git("rev-parse", "HEAD", cwd=other)


def test_push_of_a_human_is_not_overwritten(
    hub: Hub, worktree: Path, context: Context, tmp_path: Path
) -> None:
    deliver(worktree, "wider", FULL, context)
    theirs = _push_by_hand(hub, tmp_path, "by hand\n")
    (worktree / "notes.md").write_text("by the agent\n")
    with pytest.raises(PushError) as failed:
        deliver(worktree, "wider", FULL, context)
    assert (failed.value.kind, failed.value.exit_code, hub.repo.tip("wider")) == (
        "moved",
        4,
        theirs,
    )


def test_push_of_a_human_on_unchanged_work_stands(
    hub: Hub, worktree: Path, context: Context, tmp_path: Path
) -> None:
    deliver(worktree, "wider", FULL, context)
    theirs = _push_by_hand(hub, tmp_path, "by hand\n")
    assert deliver(worktree, "wider", FULL, context).state == "unchanged"
    assert hub.repo.tip("wider") == theirs


def test_pull_request_closed_by_a_human_stays_closed(
    hub: Hub, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", FULL, context)
    hub.close(1)
    hub.repo.git("update-ref", "-d", "refs/heads/wider")
    hub.log.clear()
    done = deliver(worktree, "wider", FULL, context)
    assert (done.state, len(hub.pulls), hub.repo.tip("wider"), hub.calls) == (
        "closed",
        1,
        "",
        ["GET /pulls"],
    )


def test_new_work_after_a_closed_pull_request_opens_another(
    hub: Hub, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", FULL, context)
    hub.close(1)
    (worktree / "notes.md").write_text("other\n")
    assert deliver(worktree, "wider", FULL, context).state == "opened"
    assert [pull.state for pull in hub.pulls.values()] == ["closed", "open"]


def test_title_and_text_of_a_human_stay(hub: Hub, worktree: Path, context: Context) -> None:
    deliver(worktree, "wider", replace(FULL, note="first"), context)
    hub.pulls[1].title = "My words"
    hub.pulls[1].body = (
        "Before.\r\n\r\n" + hub.pulls[1].body.replace("\n", "\r\n") + "\r\n\r\nAfter."
    )
    done = deliver(worktree, "wider", replace(FULL, note="second"), context)
    body = hub.pulls[1].body
    assert (done.state, hub.pulls[1].title) == ("updated", "My words")
    assert (
        "second" in body
        and "first" not in body
        and body.startswith("Before.")
        and body.endswith("After.")
    )


def test_generated_part_that_a_human_edited_stays(
    hub: Hub, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", replace(FULL, note="first"), context)
    edited = hub.pulls[1].body = hub.pulls[1].body.replace("first", "edited")
    assert deliver(worktree, "wider", replace(FULL, note="second"), context).state == "unchanged"
    assert hub.pulls[1].body == edited


def test_reviewer_who_has_reviewed_is_not_asked_again(
    hub: Hub, worktree: Path, context: Context
) -> None:
    deliver(worktree, "wider", FULL, context)
    hub.review(1, "grace", "COMMENTED")
    hub.log.clear()
    deliver(worktree, "wider", FULL, context)
    assert hub.calls == ["GET /pulls", "GET /pulls/1/reviews"]


def test_reviewer_who_cannot_review_keeps_out_no_other(
    hub: Hub, worktree: Path, context: Context
) -> None:
    done = deliver(
        worktree, "wider", replace(FULL, reviewers=("ada", "grace", "stranger")), context
    )
    assert hub.pulls[1].reviewers == ["grace"]
    assert [warning.split()[0] for warning in done.warnings] == ["ada", "stranger"]
