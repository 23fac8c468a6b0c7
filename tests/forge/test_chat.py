"""The tools of a chat against the forge: what pushes is a dry run unless told, and a told one opens
the pull request."""

from pathlib import Path

import pytest

from forge.hub import Hub
from forge.test_ci_fix import PYTEST, pushed  # noqa: F401 - the fixture of a repository in need
from sweeptree.dispatch.agent_tools import ci_fix, worktrees
from sweeptree.dispatch.arguments import CiFixArguments, WorktreesAction, WorktreesArguments
from sweeptree.dispatch.chat import Chat
from sweeptree.dispatch.chat_folder import ChatFolder


@pytest.fixture
def chat(hub: Hub, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """A chat in the clone; its environment has the forge's token."""
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GH_HOST", hub.url.removeprefix("http://"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    return Chat(clone, ChatFolder(tmp_path / "state" / "chat"), patience=120)


@pytest.mark.slow
@pytest.mark.usefixtures("pushed")
def test_a_patch_is_proposed_and_opened_as_a_draft_when_told(hub: Hub, chat: Chat) -> None:
    proposed = ci_fix(chat, CiFixArguments(test_command=PYTEST))
    assert proposed.report is not None and proposed.report["patch_file"]
    assert not [each for each in hub.log if each.verb != "GET"]
    opened = ci_fix(chat, CiFixArguments(test_command=PYTEST, apply_patch=True))
    assert opened.report is not None and opened.report["pr_url"].endswith("/pull/1")


@pytest.mark.slow
def test_a_worktree_becomes_a_pull_request_when_told(hub: Hub, chat: Chat, worktree: Path) -> None:
    order = {
        "action": WorktreesAction.PULL_REQUEST,
        "name": str(worktree),
        "branch": "wider",
        "labels": "auto-results",
    }
    planned = worktrees(chat, WorktreesArguments.model_validate(order))
    assert (planned.report or {})["state"] == "planned" and list(hub.repo.branches()) == ["main"]
    done = worktrees(chat, WorktreesArguments.model_validate(order | {"dry_run": False}))
    assert (done.report or {})["state"] == "opened"
