"""What a job changed, kept as a commit on the host."""

from __future__ import annotations

from pathlib import Path

from helpers import git

from core.sweep.kit import opened, ran
from sweeptree.hosts.lanes.returning import content_keeper


def test_it_stands_below_a_ref_of_its_attempt_also_without_the_worktree(repo: Path) -> None:
    with opened(repo, "echo new >> train.py") as sweep:
        keep = content_keeper("exp-1-2", sweep.prepared.repo)
        job = sweep.job(0)
        came = ran(job)
        kept = keep(job, came)
        assert kept is not None
        assert keep(job, came.with_worktree(None)) == kept
    ref = "refs/sweeptree/quarantine/exp-1-2/0/1"
    assert git("rev-parse", ref, cwd=repo) == kept.commit
    assert "new" in git("show", f"{ref}:train.py", cwd=repo)


def test_a_job_that_changed_nothing_leaves_no_commit(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        keep, job = content_keeper("exp-1-2", sweep.prepared.repo), sweep.job(0)
        came = ran(job)
        assert keep(job, came) is None
        assert keep(job, came.with_worktree(None)) is None
