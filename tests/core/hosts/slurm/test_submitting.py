"""Which jobs are submitted, and what is found again."""

from __future__ import annotations

from pathlib import Path

from helpers import git

from core.hosts.slurm.kit import records, submitted, swept
from core.sweep.kit import paths_of


def test_a_job_that_has_succeeded_is_not_submitted_again(repo: Path, slurm: Path) -> None:
    swept(repo, "true", "test -e ../go")
    swept(repo, "true", "test -e ../go", resume=True)
    assert len(submitted(slurm)) == 1


def test_an_array_without_a_number_is_found_by_its_name(repo: Path, slurm: Path) -> None:
    swept(repo, "true")
    paths = paths_of(repo)
    (paths.slurm / "0001" / "submitted.json").unlink()
    paths.record(0).unlink()
    swept(repo, "true", resume=True)
    assert len(submitted(slurm)) == 1
    assert records(repo)[0].state == "succeeded"


def test_the_ref_for_the_nodes_goes_when_no_task_is_left(repo: Path, slurm: Path) -> None:
    swept(repo, "true")
    assert git("for-each-ref", "refs/sweeptree/slurm", cwd=repo) == ""
