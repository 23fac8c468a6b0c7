"""What may be cleared on a host, as the driver knows it; a whole sweep: test_fleet."""

from __future__ import annotations

from pathlib import Path

from helpers import git

from core.hosts.host_kit import make_site
from core.sweep.kit import opened, paths_of
from sweeptree.hosts.lanes.carrying import note_unbrought
from sweeptree.hosts.lanes.clearing import (
    artifacts_on,
    brought,
    clear_lane,
    drop_refs_here,
    is_owed,
    unbrought_on,
)
from sweeptree.model import Attempt, JobRecord, JobState
from sweeptree.model.record import RemoteArtifact
from sweeptree.records import SweepPaths

SWEEP = "exp-11112222-33334444"


def record(job: int, *states: JobState, host: str = "gpu2") -> JobRecord:
    tries = tuple(Attempt(number=n, state=state) for n, state in enumerate(states, 1))
    return JobRecord(id=job, host=host, state=states[-1] if states else None, attempts=tries)


def test_only_attempts_whose_files_came_are_told_to_be_here(tmp_path: Path) -> None:
    paths = paths_of(tmp_path)
    paths.state.mkdir(parents=True)
    for number in (2, 3):
        paths.attempt(0, number, "outcome").touch()
    records = [record(0, JobState.LOST, JobState.FAILED, JobState.RUNNING), record(1)]
    assert brought(paths, records) == {"0": [2]}


def test_a_result_that_waits_on_its_host_is_owed_by_that_one() -> None:
    records = [record(0, JobState.RUNNING), record(1, JobState.SUCCEEDED, host="gpu1")]
    assert (is_owed(records, "gpu2"), is_owed(records, "gpu1")) == (True, False)


def test_the_files_that_stay_on_a_host_are_counted() -> None:
    files = [RemoteArtifact(host=host, path="/x", bytes=1, sha256="0") for host in ("a", "b", "a")]
    records = [JobRecord(id=0, remote_artifacts=tuple(files)), JobRecord(id=1)]
    assert (artifacts_on(records, "a"), artifacts_on(records, "c")) == (2, 0)


def test_a_lane_is_cleared_unless_a_result_is_owed(repo: Path, tmp_path: Path) -> None:
    site = make_site(tmp_path / "far")
    lane = Path(site.host.home) / "lanes" / SWEEP
    lane.mkdir(parents=True)
    with opened(repo, "true") as sweep:
        running = (Attempt(number=1, state=JobState.RUNNING),)
        sweep.store.update(0, host="gpu2", state=JobState.RUNNING, attempts=running)
        clear_lane(site, SWEEP, sweep)
        assert lane.is_dir()
        ended = (Attempt(number=1, state=JobState.SUCCEEDED),)
        sweep.store.update(0, state=JobState.SUCCEEDED, attempts=ended)
        clear_lane(site, SWEEP, sweep)
        assert not lane.exists()


def test_refs_of_recorded_attempts_do_not_stay_here(repo: Path) -> None:
    prefix = f"refs/sweeptree/quarantine/{SWEEP}"
    for job in (0, 1):
        git("update-ref", f"{prefix}/{job}/1", "HEAD", cwd=repo)
    with opened(repo, "true", "true") as sweep:
        ended = (Attempt(number=1, state=JobState.SUCCEEDED),)
        sweep.store.update(0, state=JobState.SUCCEEDED, attempts=ended)
        drop_refs_here(SWEEP, sweep)
    assert git("for-each-ref", "--format=%(refname)", prefix, cwd=repo) == f"{prefix}/1/1"


def test_files_that_could_not_be_brought_are_counted_by_host(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    paths.state.mkdir()
    note_unbrought(paths, "a", ())
    note_unbrought(paths, "a", ("job_0/deep: nested too deeply",))
    note_unbrought(paths, "a", ("job_1/x: Permission denied", "job_1/y: two\nlines"))
    assert (unbrought_on(paths, "a"), unbrought_on(paths, "b")) == (3, 0)
