"""What of a job's work goes into its branch, and what the record says of a delivery."""

from pathlib import Path

from core.sweep.kit import opened, ran
from sweeptree.errors import ForgeError
from sweeptree.model import DeliveryState
from sweeptree.sweep import job_delivery, stages
from sweeptree.sweep.results import Trouble

WORK = "echo x >> train.py; echo 1 > report.md; echo 2 > other.txt"


def test_tracked_changes_go_in_and_made_files_that_were_asked_for(repo: Path) -> None:
    with opened(repo, WORK, commit_and_pr=True, pr_artifacts=("*.md",)) as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        assert so_far.worktree is not None
        wanted = job_delivery.wanted_files(job, so_far.worktree)
        stages.finish(job, so_far)
    assert (wanted.tracked, wanted.made) == (("train.py",), ("report.md",))
    assert not wanted.is_empty


def test_a_failed_delivery_says_what_to_do_next(repo: Path) -> None:
    trouble = Trouble("pull request", ForgeError("no\n answer", kind="network", hint="try later"))
    with opened(repo, "true", commit_and_pr=True, post_pr_labels=("auto",)) as sweep:
        found = job_delivery.failure(sweep.spec, trouble)
    assert (found.state, found.step) == (DeliveryState.FAILED, "pull request")
    assert (found.reason, found.finish) == ("no answer; try later", "sweeptree resume exp")
    assert found.labels == ("auto",)


def test_a_note_is_written_once(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        job = sweep.job(0)
        for lines in (("a", "b"), ("b", "c")):
            job_delivery.note(job, *lines)
        assert job.record.notes == ("a", "b", "c")
