"""The executor over hosts: who tries again, and who does not."""

from __future__ import annotations

from pathlib import Path

from core.hosts.lanes.script import Fleet, Server
from core.sweep.kit import paths_of
from sweeptree.hosts.values import Offer
from sweeptree.model import JobRecord, JobState
from sweeptree.records import read_record


def record_of(repo: Path, job: int = 0) -> JobRecord:
    return read_record(paths_of(repo).record(job))


def test_a_failed_job_is_offered_again_as_often_as_the_spec_says(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        number = offer.attempts_before + 1
        server.runs(offer.job, number)
        server.ends(offer.job, number, state=JobState.FAILED)

    fleet = Fleet.of(answer, tmp_path)
    assert fleet.run(repo, "one", retries=2).reason == "1 failed"
    assert [offer.attempts_before for offer in fleet.server.offers] == [0, 1, 2]


def test_no_more_begin_than_have_slots_while_the_first_may_stop_the_sweep(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        server.runs(offer.job, 1)
        server.ends(offer.job, 1, state=JobState.FAILED)

    fleet = Fleet.of(answer, tmp_path)
    fleet.run(repo, *["exit 3"] * 9, stop_after_same=3)
    assert len(fleet.server.offers) <= 4  # two slots, and one more for each of two that failed
