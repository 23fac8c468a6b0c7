"""`plan` changes nothing, and `start` runs only what was shown."""

from pathlib import Path
from typing import Any

import pytest
from helpers import git

from core.dispatch.chat_kit import chat_of
from sweeptree.dispatch.answers import Plan
from sweeptree.dispatch.arguments import StartArguments
from sweeptree.dispatch.chat import Chat
from sweeptree.dispatch.chat_folder import read_about, write_about
from sweeptree.dispatch.plan_arguments import PlanArguments
from sweeptree.dispatch.plan_tools import plan, start
from sweeptree.errors import Refused, UsageError
from sweeptree.records import read_json

pytestmark = pytest.mark.slow


@pytest.fixture
def chat(repo: Path, tmp_path: Path) -> Chat:
    return chat_of(repo, tmp_path / "home")


def planned(chat: Chat, **more: Any) -> Plan:
    jobs = {"exp_name": "unet", "commands": ["echo a", "echo b"], "parallel": 2}
    return plan(chat, PlanArguments.model_validate(jobs | more))


def test_a_plan_shows_the_jobs_and_changes_nothing(chat: Chat) -> None:
    before = git("for-each-ref", cwd=chat.top)
    found = planned(chat)
    assert [job.cmd for job in found.jobs] == ["echo a", "echo b"] and found.would_start
    assert found.commit == git("rev-parse", "HEAD", cwd=chat.top).strip()
    assert git("for-each-ref", cwd=chat.top) == before and not (chat.top / "results").exists()


def test_a_plan_is_pinned_and_whole(chat: Chat) -> None:
    (chat.top / "commands.json").write_text('["echo from the file"]')
    found = planned(chat, commands=(), commands_file="commands.json", dirty="ignore")
    (chat.top / "commands.json").write_text('["echo other"]')
    spec = read_json(chat.chats.root / found.plan_id / "spec.json")
    assert (spec["commands"], spec["commands_file"]) == (["echo from the file"], None)
    assert (spec["base"], spec["use_worktree"]) == (found.commit, True)


def test_what_stands_in_the_way_is_said_and_not_started(chat: Chat) -> None:
    (chat.top / "train.py").write_text("changed\n")
    found = planned(chat)
    assert not found.would_start and found.problems
    with pytest.raises(Refused, match="stands in the way"):
        start(chat, StartArguments(plan_id=found.plan_id))


def test_a_snapshot_that_would_hold_something_else_is_not_started(chat: Chat) -> None:
    (chat.top / "train.py").write_text("changed\n")
    found = planned(chat, dirty="snapshot")
    assert found.would_start
    (chat.top / "train.py").write_text("changed again\n")
    with pytest.raises(Refused, match="have changed since the plan"):
        start(chat, StartArguments(plan_id=found.plan_id))


def test_what_publishes_is_started_only_with_consent(chat: Chat) -> None:
    found = planned(chat)
    folder = chat.chats.root / found.plan_id
    write_about(folder, read_about(folder) | {"publishes": "a branch per job"})
    with pytest.raises(Refused, match="publishes: a branch per job"):
        start(chat, StartArguments(plan_id=found.plan_id))


def test_a_plan_of_another_repository_is_refused(chat: Chat, tmp_path: Path) -> None:
    found = planned(chat)
    other = Chat(tmp_path, chat.chats)
    with pytest.raises(Refused, match="another repository"):
        start(other, StartArguments(plan_id=found.plan_id))


def test_what_has_no_plan_is_refused_with_the_next_step(chat: Chat) -> None:
    with pytest.raises(UsageError) as refused:
        start(chat, StartArguments(plan_id="plan-00000000"))
    assert "`plan`" in refused.value.hint[0]


def test_a_commands_file_outside_the_repository_is_refused(chat: Chat) -> None:
    with pytest.raises(UsageError, match="outside"):
        planned(chat, commands=(), commands_file="/etc/passwd")
