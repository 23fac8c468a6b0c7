"""A model with four tools, against a server that speaks as OpenAI's does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from model_kit import FakeModel, serving

from core.repair.kit import broken, failed, report_of, results
from sweeptree import worktrees
from sweeptree.errors import Refused, UsageError
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.model_agent import ModelAgent, check_model
from sweeptree.repair.proposal import Budget, Proposal
from sweeptree.repair.workbench import Workbench
from sweeptree.repository import find_repository

pytest.importorskip("pydantic_ai")
Ask = Callable[..., tuple[Proposal, ...]]
NAME = "openai-chat:fake"
EDIT = ("edit", {"path": "program.py", "old": " + 1", "new": ""})


def bench(report: FailureReport, top: Path) -> Workbench:
    return Workbench(top, ("program.py",), results, lambda _: False)


@pytest.fixture
def ask(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask this model to repair the broken program."""

    def call(model: FakeModel, seconds: float = 60.0) -> tuple[Proposal, ...]:
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        commit, found = broken(repo), find_repository(repo)
        agent = ModelAgent(commit, NAME, bench)
        with worktrees.temporary_worktree(found, commit) as top:
            return agent.propose(report_of(failed()), top, Budget(seconds))

    return call


@pytest.mark.slow
def test_a_model_reads_edits_tests_and_says_what_was_wrong(ask: Ask) -> None:
    read, test = ("read", {"path": "program.py"}), ("run_failing_tests", {})
    with serving(read, ("grep", {"pattern": "double"}), EDIT, test, "One too\n many.") as model:
        (proposal,) = ask(model)
    assert b"-    return x + x + 1\n+    return x + x\n" in proposal.patch
    assert (proposal.note, proposal.cost) == (f"{NAME}: One too many.", "5 requests, 75 tokens")
    assert "test_double" in str(model.requests[0]["messages"])
    assert model.tool_answers[2:] == ["changed program.py", "all of them pass"]


def test_a_mistake_is_an_answer(ask: Ask) -> None:
    with serving(("read", {"path": "/etc/passwd"}), EDIT, "done") as model:
        ask(model)
    assert model.tool_answers[0].startswith("error: '/etc/passwd' is not a file")


def test_one_that_changes_nothing_is_refused(ask: Ask) -> None:
    with serving("I cannot.") as model, pytest.raises(Refused, match="changed nothing: I cannot"):
        ask(model)


@pytest.mark.slow
def test_one_that_never_ends_is_stopped(ask: Ask) -> None:
    with (
        serving(("grep", {"pattern": "x"})) as model,
        pytest.raises(Refused, match=r"request_limit|not done"),
    ):
        ask(model)
    assert len(model.requests) <= 41


def test_a_server_that_is_not_there_is_a_reason(ask: Ask) -> None:
    with pytest.raises(Refused, match="could not be used"):
        ask(FakeModel([], "http://127.0.0.1:9/v1"))


@pytest.mark.parametrize("name", ["nonsense", "nosuch:model"])
def test_a_model_that_nobody_has_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        check_model(name)
