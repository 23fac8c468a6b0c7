"""What a crash can leave of a sweep that nobody drives."""

from pathlib import Path

import pytest

from core.sweep.kit import lived, opened, paths_of
from sweeptree.errors import UsageError
from sweeptree.model import Attempt, JobState
from sweeptree.records import SweepPaths, read_record
from sweeptree.settings import Settings
from sweeptree.sweep import documents, recovery


def crashed(repo: Path) -> SweepPaths:
    """A sweep whose only job was begun, and whose driver and keeper are gone."""
    with opened(repo, "true", dirty="ignore") as sweep:
        documents.write_begin(sweep.prepared, None)
        attempt = Attempt(number=1, state=JobState.RUNNING)
        sweep.store.update(0, state=JobState.RUNNING, attempts=(attempt,))
        sweep.paths.attempt(0, 1, "alive").touch()
    return paths_of(repo)


def test_a_stale_job_is_found_and_settled(repo: Path) -> None:
    paths = crashed(repo)
    assert recovery.stale_jobs(paths) == [0]
    lines = recovery.settle(recovery.spec_of(paths), Settings(slot_dir=repo.parent / "slots"))
    assert lines == ["exp job 0: attempt 1 is lost"]
    assert read_record(paths.record(0)).state is JobState.LOST
    assert recovery.stale_jobs(paths) == []


def test_a_full_disk_is_no_reason_not_to_settle(repo: Path) -> None:
    spec = recovery.spec_of(crashed(repo)).model_copy(update={"min_free": 10**9})
    assert len(recovery.settle(spec, Settings(slot_dir=repo.parent / "slots"))) == 1


def test_a_sweep_that_ended_well_has_nothing_stale(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        lived(sweep.job(0))
    assert recovery.stale_jobs(paths_of(repo)) == []
    assert recovery.orphans(paths_of(repo)) == []


def test_a_ledger_that_lags_is_mended(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        lived(sweep.job(0))
    paths = paths_of(repo)
    paths.ledger.write_bytes(b"")
    assert [recovery.lagging(paths, mend=mend) for mend in (False, True, False)] == [1, 1, 0]


def test_a_sweep_without_its_document_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be resumed"):
        recovery.spec_of(SweepPaths(tmp_path))
