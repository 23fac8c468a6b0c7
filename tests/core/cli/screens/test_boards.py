"""The leaderboard and the table of jobs, as lines."""

import platform
from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import Document
from sweeptree.cli.screens.boards import job_table, leaderboard, ranked_by


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """The aggregates of six jobs, ranked by val_auc."""
    return aggregate(finished_sweep(tmp_path, jobs=6))


def test_the_documents_own_metric_ranks(document: Document) -> None:
    goal = ranked_by(document)
    assert goal is not None and goal == document.objective


def test_a_wanted_metric_ranks_instead(document: Document) -> None:
    goal = ranked_by(document, "loss:min")
    assert goal is not None and (goal.name, goal.goal) == ("loss", "min")


def test_nothing_ranks_jobs_on_different_data(document: Document) -> None:
    other = document.model_copy(update={"comparable": False})
    assert ranked_by(other, "loss:min") is None


def test_each_config_has_a_line_with_its_spread(document: Document) -> None:
    lines = leaderboard(document, ranked_by(document), 120)
    rows = [line for line in lines if "±" in line]
    assert len(rows) == len(document.groups)


def test_each_job_has_a_line(document: Document) -> None:
    lines = job_table(document.jobs, None, 120)
    assert len(lines) >= 1 + len(document.jobs)


@pytest.mark.parametrize("room", [60, 80, 200])
def test_no_line_is_wider_than_there_is_room(document: Document, room: int) -> None:
    lines = job_table(document.jobs, None, room)
    assert max(map(len, lines)) <= room


def test_jobs_of_several_hosts_are_told_with_theirs(document: Document) -> None:
    hosts = ("gpu1", "gpu2", "gpu1", "gpu2", "gpu1", "gpu2")
    pairs = zip(document.jobs, hosts, strict=True)
    jobs = [job.model_copy(update={"host": host}) for job, host in pairs]
    head, first, *_ = job_table(jobs, None, 120)
    assert "host" in head.split() and "gpu1" in first.split()
    assert "host" in job_table(jobs[:1], None, 120)[0].split()


def test_of_jobs_that_all_ran_here_the_host_is_not_told(document: Document) -> None:
    jobs = [job.model_copy(update={"host": platform.node()}) for job in document.jobs]
    assert "host" not in job_table(jobs, None, 120)[0].split()
