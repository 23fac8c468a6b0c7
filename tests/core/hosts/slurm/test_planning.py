"""What the plan of a sweep on a cluster says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.sweep.kit import make_spec
from sweeptree.errors import UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, prepare


def planned(repo: Path, **fields: object) -> PreparedSweep:
    spec = make_spec(repo, *["true"] * 5, executor="slurm", min_free=0, **fields)
    return prepare(spec, Settings(), planner=planner_for(spec, Settings()))


def test_it_says_what_the_cluster_says_and_where_the_results_are(repo: Path, slurm: Path) -> None:
    told, results = planned(repo).places
    assert told == "Slurm: Job 1 to start at once"
    assert results.startswith("results are on ")


def test_a_grace_beyond_slurm_s_patience_is_refused(repo: Path, slurm: Path) -> None:
    (refused,) = planned(repo, grace=29.0).refusals
    assert "KillWait" in refused.message
    assert refused.hint == ('grace = "28s" below [sweep] in sweeptree.toml',)


def test_what_the_cluster_would_not_take_is_refused(repo: Path, slurm: Path) -> None:
    (slurm / "refuses").touch()
    (refused,) = planned(repo).refusals
    assert "Invalid partition name" in refused.message


def test_a_python_that_cannot_be_named_is_refused(
    repo: Path, slurm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPTREE_SLURM_PYTHON", "python3")
    (refused,) = planned(repo).refusals
    assert "absolute path" in refused.message


def test_parallel_is_for_one_machine(repo: Path, slurm: Path) -> None:
    with pytest.raises(UsageError, match="--parallel"):
        planned(repo, parallel=4)


def test_the_gpus_of_this_machine_are_not_looked_at(repo: Path, slurm: Path) -> None:
    prepared = planned(repo, array_parallelism=2)
    assert (prepared.gpus, prepared.parallel) == (0, 2)
    assert not [note for note in prepared.notes if "GPU" in note]
