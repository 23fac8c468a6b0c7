"""A sweep whose flow run is cancelled in the Prefect UI."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from helpers import git
from server_kit import post
from sweep_kit import processes_under, see, states_of, wait_for

from sweeptree.engine.server import Server
from sweeptree.flows.sweep import sweep
from sweeptree.model import JobState, SweepSpec
from sweeptree.records import SweepPaths, read_json

pytestmark = pytest.mark.engine


def cancel_in_engine(server: Server, paths: SweepPaths, running: int) -> None:
    """What the button of the UI does, once `running` jobs run and have made their process trees."""
    wait_for(lambda: len(processes_under(paths.root.parents[1])) >= 2 * running)
    state = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    run_id = read_json(paths.sweep)["flow_run_id"]
    post(server, f"/flow_runs/{run_id}/set_state", state).raise_for_status()


def test_a_cancel_in_the_ui_ends_the_jobs_and_the_run(
    server: Server, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPTREE_SLOT_DIR", str(tmp_path / "slots"))
    paths = SweepPaths(repo / "results" / "stopped")
    spec = SweepSpec(
        exp_name="stopped",
        repo=repo,
        commands=("sleep 300 & sleep 300; wait",) * 4,
        use_worktree=True,
    )
    button = threading.Thread(target=cancel_in_engine, args=(server, paths, 2))
    button.start()
    state = sweep(spec.model_copy(update={"parallel": 2}), return_state=True)
    button.join()
    assert processes_under(repo) == []
    assert (state.name, state.message) == ("Cancelled", "2 cancelled, 2 planned")
    assert states_of(paths) == [JobState.CANCELLED] * 2
    run = see(server.api_url, paths, tasks=["run-command 0", "run-command 1"])
    assert run.run.state_name == "Cancelled"
    assert {task.state_name for name, task in run.tasks.items() if name.startswith("run")} == {
        "Cancelled"
    }
    assert git("status", "--porcelain", cwd=repo) == ""
