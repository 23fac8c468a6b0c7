"""The named agents on their own, as their deployments call them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from helpers import git
from prefect.utilities.callables import parameter_schema
from sweep_kit import aggregated, flow_task_states, states_of, wait_for

from sweeptree.agents.auto_runner import auto_runner
from sweeptree.agents.code_reviewer import code_reviewer
from sweeptree.agents.experiment_orchestrator import experiment_orchestrator
from sweeptree.agents.merge_assistant import merge_assistant
from sweeptree.agents.results_aggregator import results_aggregator
from sweeptree.agents.worktree_manager import worktree_manager
from sweeptree.engine.server import Server
from sweeptree.errors import UsageError
from sweeptree.model import JobState, SweepSpec
from sweeptree.publish.merging import MergeSpec
from sweeptree.records import SweepPaths, read_json
from sweeptree.report.summary import AggregateSpec
from sweeptree.review import ReviewSpec
from sweeptree.sweep.one import AutoRunSpec
from sweeptree.sweep.one_report import RunReport
from sweeptree.worktrees.manager.report import ManagerSpec

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("server")]


@pytest.fixture
def ran(repo: Path, server: Server) -> SweepPaths:
    """A sweep that the orchestrator ran alone: one job of two ok."""
    spec = SweepSpec(
        exp_name="alone",
        repo=repo,
        commands=("python3 train.py --lr 1", "exit 3"),
        metric="val_auc:max",
    )
    state = experiment_orchestrator(spec, return_state=True)
    assert (state.name, state.message) == ("Failed", "1 failed, 1 succeeded")
    return SweepPaths(repo / "results" / "alone")


def test_the_aggregator_finds_what_the_orchestrator_left(ran: SweepPaths) -> None:
    assert states_of(ran) == [JobState.SUCCEEDED, JobState.FAILED]
    ran.aggregated_json.unlink()
    summary = results_aggregator(AggregateSpec(exp_dir=ran.root))
    assert (summary.n_jobs, summary.exit_code, summary.states) == (
        2,
        1,
        {"failed": 1, "succeeded": 1},
    )
    assert summary.leaderboard[0]["val_auc"] == "0.9000"
    assert aggregated(ran)["n_jobs"] == 2
    assert "1 of 2 jobs did not succeed" in ran.report.read_text()


def test_the_aggregator_takes_a_folder_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        results_aggregator(AggregateSpec(exp_dir=tmp_path / "nothing"))


def test_the_auto_runner_is_a_sweep_of_one_with_its_report(repo: Path, server: Server) -> None:
    spec = AutoRunSpec(command="echo x >> train.py", then=("exit 3",), repo=repo)
    state = auto_runner(spec, return_state=True)
    assert (state.name, state.message) == ("Failed", "exit code 3")
    report = state.result(raise_on_failure=False)
    assert isinstance(report, RunReport)
    assert (report.exit_code, report.changed[0].path) == (3, "train.py")
    paths = SweepPaths(repo / "results" / report.name)
    run_id = UUID(read_json(paths.sweep)["flow_run_id"])
    wait_for(
        lambda: (
            flow_task_states(server.api_url, run_id)
            == {"create-worktree 0": "Completed", "run-command 0": "Failed"}
        )
    )


def test_the_auto_runner_refuses_in_one_line(repo: Path) -> None:
    (repo / "train.py").write_text("print('changed')\n")
    state = auto_runner(AutoRunSpec(command="python3 train.py", repo=repo), return_state=True)
    assert (state.name, "train.py" in str(state.message)) == ("Refused", True)
    assert not (repo / "results").exists()


def test_the_orchestrator_refuses_what_contradicts_itself(repo: Path) -> None:
    spec = SweepSpec(exp_name="wrong", repo=repo, commands=("true",), commit_and_pr=True)
    state = experiment_orchestrator(spec, return_state=True)
    assert (state.name, "--use_worktree" in str(state.message)) == ("Refused", True)
    assert not (repo / "results").exists()


@pytest.fixture
def feature(repo: Path, tmp_path: Path) -> Path:
    """A worktree whose branch has two commits on main; there is no remote."""
    top = tmp_path / "feature"
    git("worktree", "add", "-q", "-b", "feature", top, cwd=repo)
    for text in ("print('wide')\n", "print('wider')\n"):
        (top / "train.py").write_text(text)
        git("commit", "-q", "-am", "wider", cwd=top)
    return top


def test_the_merge_assistant_takes_what_its_form_asks(repo: Path, feature: Path) -> None:
    git("branch", "release", "main", cwd=repo)
    spec = MergeSpec(
        worktree=feature,
        base="release",
        method="squash",
        test_command="grep wider *.py",
        dry_run=False,
    )
    state = merge_assistant(spec, return_state=True)
    assert (state.name, state.message) == ("Completed", "merged: feature")
    assert git("rev-list", "--count", "main..release", cwd=repo) == "1"
    assert git("show", "release:train.py", cwd=repo) == "print('wider')"


def test_the_merge_assistant_says_in_one_line_why_it_does_not_merge(
    repo: Path, feature: Path
) -> None:
    before = git("rev-parse", "main", cwd=repo)
    state = merge_assistant(
        MergeSpec(worktree=feature, test_command="exit 3", dry_run=False), return_state=True
    )
    assert (state.name, state.message) == (
        "Refused",
        "the tests of the merge's result are red: exit code 3",
    )
    assert git("rev-parse", "main", cwd=repo) == before


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nothing to merge was named; give either pull_request or worktree"),
        (
            {"pull_request": 1},
            "there is no forge to ask about pull requests; there is no remote 'origin'",
        ),
        (
            {"worktree": ".", "base": "main"},
            "is on main itself; name the base with --base, or another worktree",
        ),
    ],
)
def test_a_mistake_in_the_form_is_one_line(
    repo: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], said: str
) -> None:
    monkeypatch.chdir(repo)
    state = merge_assistant(MergeSpec.model_validate(fields), return_state=True)
    assert (
        state.name == "Refused"
        and said in str(state.message)
        and "Traceback" not in str(state.message)
    )


def test_every_field_of_the_form_says_in_plain_words_what_it_is() -> None:
    form = parameter_schema(merge_assistant).model_dump()["definitions"]["MergeSpec"]["properties"]
    assert set(MergeSpec.model_fields) == set(form)
    assert not [
        name
        for name, field in form.items()
        if not field.get("description") or "<" in field["description"]
    ]


def test_the_worktree_manager_makes_lists_and_is_dry_unless_told(repo: Path) -> None:
    made = worktree_manager(ManagerSpec(repo=repo, action="create", name="w"))
    assert Path(made.worktrees[0]["path"]).is_dir()
    state = worktree_manager(ManagerSpec(repo=repo, action="remove", name="w"), return_state=True)
    assert state.is_completed() and "w would be removed" in (state.message or "")
    refused = worktree_manager(ManagerSpec(repo=repo, action="remove"), return_state=True)
    assert (refused.name, refused.message) == (
        "Refused",
        "remove needs a name; the field name of the form",
    )


def test_a_blocked_change_is_a_review_that_completed(repo: Path) -> None:
    (repo / "train.py").write_text("print(missing)\n")
    state = code_reviewer(ReviewSpec(repo=repo, run_tests=False), return_state=True)
    assert (state.name, state.message) == ("Completed", "1 blocker; 0 warnings, 0 notes")
    assert state.result().verdict == "blocked"


def test_the_reviewer_refuses_a_base_that_would_do_nothing(repo: Path) -> None:
    spec = ReviewSpec(repo=repo, subject="main..HEAD", base="main")
    state = code_reviewer(spec, return_state=True)
    assert state.name == "Refused" and "base is for a worktree only" in (state.message or "")
