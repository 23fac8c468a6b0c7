"""The named agents on their own, as their deployments call them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sweep_kit import aggregated, states_of

from sweeptree.agents.experiment_orchestrator import experiment_orchestrator
from sweeptree.agents.results_aggregator import results_aggregator
from sweeptree.errors import UsageError
from sweeptree.model import JobState, SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.server import Server

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("server")]


@pytest.fixture
def ran(repo: Path, server: Server) -> SweepPaths:
    """A sweep that the orchestrator ran alone: one job of two ok."""
    spec = SweepSpec(exp_name="alone", repo=repo, commands=("python3 train.py --lr 1", "exit 3"), metric="val_auc:max")
    state = experiment_orchestrator(spec, return_state=True)
    assert (state.name, state.message) == ("Failed", "1 failed, 1 succeeded")
    return SweepPaths(repo / "results" / "alone")


def test_the_aggregator_finds_what_the_orchestrator_left(ran: SweepPaths) -> None:
    assert states_of(ran) == [JobState.SUCCEEDED, JobState.FAILED]
    ran.aggregated_json.unlink()
    summary = results_aggregator(ran.root)
    assert (summary.n_jobs, summary.exit_code, summary.states) == (2, 1, {"failed": 1, "succeeded": 1})
    assert summary.leaderboard[0]["val_auc"] == "0.9"
    assert aggregated(ran)["n_jobs"] == 2
    assert "1 of 2 jobs did not succeed" in ran.report.read_text()


def test_the_aggregator_takes_a_folder_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        results_aggregator(tmp_path / "nothing")


def test_the_orchestrator_refuses_what_contradicts_itself(repo: Path) -> None:
    spec = SweepSpec(exp_name="wrong", repo=repo, commands=("true",), commit_and_pr=True)
    state = experiment_orchestrator(spec, return_state=True)
    assert (state.name, "--use_worktree" in str(state.message)) == ("Refused", True)
    assert not (repo / "results").exists()
