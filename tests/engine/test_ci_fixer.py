"""The CI Fixer as its deployment calls it: state, artifacts, a model's work as task runs."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from core.repair.kit import PYTEST, broken
from model_kit import serving
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import Artifact, State
from server_kit import client_at
from sweep_kit import wait_for

from sweeptree.agents.ci_fixer import ci_fixer
from sweeptree.engine.server import Server
from sweeptree.repair import CIFixSpec, FixReport

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("server")]

DOUBLES = "grep -q 'x + x$' program.py"
EDIT = ("edit", {"path": "program.py", "old": " + 1", "new": ""})


def run(repo: Path, **given: object) -> State[FixReport]:
    spec = CIFixSpec.model_validate(
        {"repo": repo, "test_command": DOUBLES, "budget": "60s", **given}
    )
    return ci_fixer(spec, return_state=True)


def flow_run(state: State[FixReport]) -> UUID:
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


def artifacts(server: Server, run_id: UUID) -> dict[str | None, Artifact]:
    chosen = ArtifactFilter.model_validate({"flow_run_id": {"any_": [str(run_id)]}})
    with client_at(server.api_url) as client:
        return {each.key: each for each in client.read_artifacts(artifact_filter=chosen)}


def task_names(server: Server, run_id: UUID) -> list[str]:
    chosen = FlowRunFilter.model_validate({"id": {"any_": [str(run_id)]}})
    with client_at(server.api_url) as client:
        return [each.name for each in client.read_task_runs(flow_run_filter=chosen)]


def test_the_failing_tests_are_a_table_and_the_report_a_page(repo: Path, server: Server) -> None:
    broken(repo)
    state = run(repo, test_command=PYTEST, fixer_cmd="sed -i 's/ + 1//' program.py")
    assert (state.name, str(state.message)[:22]) == ("Completed", "1 failing test fixed: ")
    found = artifacts(server, flow_run(state))
    (row,) = json.loads(str(found["failing-tests-report"].data))
    assert (row["node_id"], row["kind"]) == ("test_program.py::test_double", "real")
    assert "+    return x + x" in str(found["ci-fixer-report"].data)


def test_what_is_not_fixed_is_a_failed_run_with_its_reason(repo: Path) -> None:
    broken(repo)
    state = run(repo, fixer_cmd="true")
    assert (state.name, state.message) == ("Failed", "no patch for 1 failing test passed the gate")


def test_a_mistake_is_one_line(repo: Path) -> None:
    state = run(repo, pull_request=1)
    assert state.name == "Refused" and "no forge to ask" in str(state.message)


def test_each_request_and_tool_call_of_a_model_is_a_task_run(
    repo: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pydantic_ai")
    broken(repo)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with serving(("read", {"path": "program.py"}), EDIT, "One too many.") as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        state = run(repo, model="openai-chat:fake")
    assert (state.name, "One too many" in str(state.message)) == ("Failed", True)
    assert "needs a person" in str(state.message)
    names = wait_for(lambda: _all_of_them(task_names(server, flow_run(state))))
    assert sum("Model Request" in name for name in names) == 3
    assert sum("Call Tool: " in name for name in names) == 2


def _all_of_them(names: list[str]) -> list[str] | None:
    return names if len(names) >= 5 else None
