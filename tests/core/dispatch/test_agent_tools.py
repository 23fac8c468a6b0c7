"""Each tool of an agent gives its verb the words that were meant, and no others."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import git

from core.dispatch.chat_kit import chat_of
from sweeptree.dispatch.agent_tools import auto_run, ecg, merge, review, worktrees
from sweeptree.dispatch.arguments import (
    AutoRunArguments,
    EcgAction,
    EcgArguments,
    MergeArguments,
    ReviewArguments,
    WorktreesAction,
    WorktreesArguments,
)
from sweeptree.dispatch.calls import CallState
from sweeptree.dispatch.chat import Chat
from sweeptree.errors import Refused, SweeptreeError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def chat(repo: Path, tmp_path: Path) -> Chat:
    return chat_of(repo, tmp_path / "home")


@pytest.fixture
def feature(chat: Chat) -> Path:
    """A worktree one commit ahead of main."""
    top = chat.top / "worktrees" / "exp-123"
    git("worktree", "add", "-q", "-b", "exp-123", top, cwd=chat.top)
    (top / "train.py").write_text("print('wide')\n")
    git("commit", "-qam", "wide", cwd=top)
    return top


def asked(subject: str, **more: object) -> MergeArguments:
    known = {"subject": subject, "base": "main", "test_command": "true"}
    return MergeArguments.model_validate(known | more)


def test_a_dry_merge_shows_the_diff_tests_and_lands_nothing(chat: Chat, feature: Path) -> None:
    before = git("rev-parse", "main", cwd=chat.top)
    done = merge(chat, asked("worktrees/exp-123"))
    assert done.report is not None and done.report["decision"] == "ready"
    assert "+print('wide')" in done.page() and "true" in done.report["tests"]
    assert git("rev-parse", "main", cwd=chat.top) == before


def test_the_options_of_a_repository_make_no_dry_run_real(chat: Chat, feature: Path) -> None:
    (chat.top / "sweeptree.toml").write_text("[agents.merge]\nyes = true\n")
    done = merge(chat, asked("worktrees/exp-123"))
    assert done.report is not None and done.report["decision"] == "ready"


def test_told_to_it_lands_what_was_tested(chat: Chat, feature: Path) -> None:
    done = merge(chat, asked("worktrees/exp-123", dry_run=False))
    assert done.report is not None and done.report["decision"] == "merged"
    assert git("merge-base", "--is-ancestor", "exp-123", "main", cwd=chat.top) == ""


def test_red_tests_land_nothing(chat: Chat, feature: Path) -> None:
    done = merge(chat, asked("worktrees/exp-123", dry_run=False, test_command="false"))
    assert (done.exit_code, (done.report or {})["state"]) == (3, "refused")


def test_a_worktree_that_there_is_not_is_refused(chat: Chat) -> None:
    with pytest.raises(UsageError, match="no worktree"):
        merge(chat, asked("worktrees/none"))


def test_a_worktree_of_another_repository_is_refused(chat: Chat, tmp_path: Path) -> None:
    git("init", "-q", tmp_path / "other", cwd=tmp_path)
    with pytest.raises(UsageError, match="no worktree of"):
        merge(chat, asked("../other"))


def test_what_an_agent_refuses_is_raised(chat: Chat) -> None:
    arguments = AutoRunArguments(command="true", name="a", base="no-such-branch")
    with pytest.raises(SweeptreeError, match="no-such-branch"):
        auto_run(chat, arguments)


def test_a_review_of_a_worktree_is_a_report(chat: Chat, feature: Path) -> None:
    place = Path("worktrees/exp-123")
    done = review(chat, ReviewArguments(worktree=place, base="main", no_tests=True))
    assert done.report is not None and {"state", "findings"} <= done.report.keys()


def test_a_pull_request_is_only_planned(chat: Chat, feature: Path) -> None:
    order = {"name": "worktrees/exp-123", "branch": "wide", "action": WorktreesAction.PULL_REQUEST}
    done = worktrees(chat, WorktreesArguments.model_validate(order))
    assert (done.report or {})["state"] == "planned" and "dry_run false" in done.next[0]


def tree(chat: Chat, action: WorktreesAction, **more: object) -> dict[str, Any]:
    order = WorktreesArguments.model_validate({"action": action, "name": "mine", **more})
    done = worktrees(chat, order)
    assert done.report is not None
    return done.report


def test_a_worktree_is_made_listed_and_removed_when_told(chat: Chat) -> None:
    made = Path(tree(chat, WorktreesAction.CREATE)["path"])
    assert made.is_dir()
    listed = tree(chat, WorktreesAction.LIST)["worktrees"]
    assert "mine" in {each["name"] for each in listed}
    assert tree(chat, WorktreesAction.REMOVE)["dry_run"] and made.is_dir()
    tree(chat, WorktreesAction.REMOVE, dry_run=False)
    assert not made.exists()


def test_a_worktree_must_be_named(chat: Chat) -> None:
    with pytest.raises(UsageError, match="not said"):
        worktrees(chat, WorktreesArguments(action=WorktreesAction.REMOVE))


def test_what_takes_long_answers_with_a_handle(chat: Chat, feature: Path) -> None:
    hurried = Chat(chat.top, chat.chats, patience=0.1)
    done = merge(hurried, asked("worktrees/exp-123", test_command="sleep 600"))
    assert done.state is CallState.RUNNING and done.id in done.next[0]
    assert hurried.call_of(done.id).stop(1.5) is not CallState.RUNNING


def test_predictions_that_there_are_not_are_refused(chat: Chat) -> None:
    with pytest.raises((UsageError, Refused)):
        ecg(chat, EcgArguments(action=EcgAction.EVALUATE, predictions=(Path("none.csv"),)))


def test_an_answer_is_json(chat: Chat, feature: Path) -> None:
    done = merge(chat, asked("worktrees/exp-123", run_tests=False))
    assert json.loads(done.model_dump_json())["report"]["decision"] == "planned"
