"""What nodes are told."""

from __future__ import annotations

from pathlib import Path

from helpers import git

from core.sweep.kit import opened
from sweeptree.hosts.slurm import errands


def test_a_job_s_task_names_its_files_and_variables(repo: Path) -> None:
    with opened(repo, "train --seed 7") as sweep:
        told = errands.task(sweep, sweep.job(0).job, 2)
    assert (told["job"], told["attempt"], told["command"]) == (0, 2, "train --seed 7")
    assert told["env"]["SWEEPTREE_SEED"] == "7"
    assert "SWEEPTREE_ATTEMPT" not in told["env"]
    assert told["attempt_file"] == "job_0.{number}.{what}"
    assert told["log"] == str(sweep.paths.log(0))


def test_what_worktrees_get_beside_the_commit(repo: Path) -> None:
    (repo / "data").mkdir()
    with opened(repo, "true", dirty="ignore") as sweep:
        told = errands.common(sweep)
    assert told["links"] == [["data", str(repo / "data")]]
    assert told["repo"] == str(repo / ".git")


def test_without_worktrees_there_is_no_repository_to_fetch_from(repo: Path) -> None:
    with opened(repo, "true", use_worktree=False) as sweep:
        assert errands.common(sweep)["repo"] is None


def test_the_ref_for_the_nodes_leads_to_the_pinned_commit(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        errands.make_base_ref(sweep)
        ref = errands.base_ref(sweep)
        assert git("rev-parse", ref, cwd=repo) == sweep.prepared.base.commit
        errands.drop_base_ref(sweep)
    assert git("for-each-ref", ref, cwd=repo) == ""


def test_a_sweep_keeps_its_id(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        first = errands.sweep_id(sweep)
        assert first.startswith(f"exp-{sweep.prepared.spec_hash[:8]}-")
        assert errands.sweep_id(sweep) == first
