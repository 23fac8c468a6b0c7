"""What came of a job is here as a whole or not at all, and is delivered from here."""

from __future__ import annotations

from pathlib import Path

from core.hosts.lanes.script import Fleet, Server
from core.sweep.kit import paths_of
from sweeptree.errors import HostError
from sweeptree.hosts.values import Offer
from sweeptree.model import JobRecord, JobState
from sweeptree.model.record import RemoteArtifact
from sweeptree.records import read_record


def record_of(repo: Path, job: int = 0) -> JobRecord:
    return read_record(paths_of(repo).record(job))


def test_results_that_cannot_be_brought_stay_there_and_resume_brings_them(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        if not server.events:
            server.runs(offer.job, 1)
            server.ends(offer.job, 1)

    fleet = Fleet.of(answer, tmp_path)
    away = HostError("gpu1 cannot be reached", host="gpu1", kind="unreachable")
    fleet.carriers["gpu1"].trouble = away
    assert fleet.run(repo, "one").reason == "1 failed"
    assert "bring 0.1" not in fleet.carriers["gpu1"].did
    fleet.carriers["gpu1"].trouble = None
    assert fleet.run(repo, "one", again=True).reason == "1 succeeded"
    assert [one.number for one in record_of(repo).attempts] == [1]


def test_what_failed_attempts_left_on_hosts_is_named_too(repo: Path, tmp_path: Path) -> None:
    def answer(server: Server, offer: Offer) -> None:
        number = offer.attempts_before + 1
        state = JobState.SUCCEEDED if number == 3 else JobState.FAILED
        server.runs(offer.job, number)
        server.ends(offer.job, number, state=state)

    def kept(host: str, sha256: str) -> RemoteArtifact:
        return RemoteArtifact(host=host, path="/lanes/ckpt.bin", bytes=1, sha256=sha256 * 64)

    fleet = Fleet.of(answer, tmp_path)
    files = {1: (kept("gpu1", "1"),), 2: (kept("gpu1", "2"),), 3: (kept("gpu2", "3"),)}
    fleet.carriers["gpu1"].kept = files
    assert fleet.run(repo, "one", retries=2).reason == "1 succeeded"
    assert record_of(repo).remote_artifacts == (kept("gpu1", "2"), kept("gpu2", "3"))


def test_what_a_job_changed_is_delivered_from_a_worktree_here(repo: Path, tmp_path: Path) -> None:
    def answer(server: Server, offer: Offer) -> None:
        server.runs(offer.job, 1)
        server.ends(offer.job, 1, content="better = True\n")

    fleet = Fleet.of(answer, tmp_path)
    assert fleet.run(repo, "one", commit_and_pr=True).reason == "1 succeeded"
    assert record_of(repo).git_branch is not None
