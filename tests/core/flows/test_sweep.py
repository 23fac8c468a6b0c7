"""The sweep without a flow run, and the name that its results get."""

import re
from pathlib import Path

from core.sweep.kit import make_spec, paths_of
from sweeptree.flows.sweep import named, sweep_by_files


def test_a_dated_sweep_has_its_start_in_its_name(repo: Path) -> None:
    spec = named(make_spec(repo, "true", dated=True))
    assert re.fullmatch(r"exp-\d{8}-\d{6}", spec.exp_name)
    assert not spec.dated
    assert named(spec) == spec


def test_without_a_server_there_are_records_aggregates_and_the_state(repo: Path) -> None:
    state = sweep_by_files(make_spec(repo, "true", "exit 1"))
    assert (state.name, state.message) == ("Failed", "1 failed, 1 succeeded")
    assert paths_of(repo).aggregated_json.exists()


def test_a_refused_sweep_leaves_nothing(repo: Path) -> None:
    state = sweep_by_files(make_spec(repo, "true", commit_and_pr=True, use_worktree=False))
    assert state.name == "Refused"
    assert not (repo / "results").exists()
