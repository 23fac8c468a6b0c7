"""What a job does on a host comes here: as it grows, and as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import git

from core.hosts.leases.http_kit import SWEEP, wait_for
from core.sweep.kit import opened
from sweeptree.hosts.back.commits import keep_for_return, quarantine_ref
from sweeptree.hosts.back.live import Follower
from sweeptree.hosts.lanes import carrying
from sweeptree.hosts.lanes.came import Came
from sweeptree.hosts.lanes.carrying import HostCarrier
from sweeptree.hosts.remote import Site
from sweeptree.model import Base, JobRecord, JobState
from sweeptree.records import SweepPaths
from sweeptree.repository import find_repository
from sweeptree.supervise import lost_outcome
from sweeptree.sweep.running import JobContext
from sweeptree.system.files import write_json
from sweeptree.worktrees import Pool


@dataclass
class Far:
    """What a lane has left on the host of the first job of a sweep."""

    carrier: HostCarrier
    results: SweepPaths
    cache: Path

    def writes(self, name: str, data: bytes) -> None:
        path = self.results.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def keeps(self, text: str) -> str:
        """The commit that a lane keeps of a job which made this train.py."""
        cache = find_repository(self.cache)
        commit = git("rev-parse", "HEAD", cwd=self.cache)
        with Pool(cache, Base(commit, "HEAD", "", None), "exp", size=1) as pool:
            worktree = pool.acquire(0)
            (worktree.top / "train.py").write_text(text)
            kept = keep_for_return(worktree, quarantine_ref(SWEEP, 0, 1))
        assert kept is not None
        return kept.commit


@pytest.fixture
def far(repo: Path, site: Site) -> Iterator[Far]:
    home = Path(site.host.home)
    cache = home / "cache" / "project.git"
    cache.parent.mkdir(parents=True)
    git("clone", "-q", "--bare", repo, cache, cwd=repo)
    results = SweepPaths(home / "lanes" / SWEEP / "results" / "exp")
    results.root.mkdir(parents=True)
    with Follower(site) as follower:
        yield Far(HostCarrier(site, SWEEP, str(cache), follower), results, cache)


def came(record: JobRecord | None, content: str | None = None) -> Came:
    return Came(record, lost_outcome(), content)


def first_job(repo: Path, **fields: object) -> Iterator[JobContext]:
    with opened(repo, "true", **fields) as sweep:
        yield sweep.job(0)


@pytest.fixture
def job(repo: Path) -> Iterator[JobContext]:
    yield from first_job(repo)


@pytest.fixture
def thrifty(repo: Path) -> Iterator[JobContext]:
    """A job whose big files stay where they are."""
    yield from first_job(repo, artifacts="keep-remote")


def test_log_and_metrics_grow_here_until_the_attempt_has_ended(far: Far, job: JobContext) -> None:
    far.writes("job_0.log", b"one\n")
    far.carrier.follow(job)
    wait_for(lambda: _text(job.paths.log(0)) == "one\n")
    far.writes(job.paths.metrics(0).name, b'{"step": 1}\n')
    wait_for(lambda: _text(job.paths.metrics(0)) == '{"step": 1}\n')
    far.carrier.unfollow(job)
    far.writes("job_0.log", b"one\ntwo\n")
    assert _text(job.paths.log(0)) == "one\n"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_all_files_and_the_commit_come_together(far: Far, job: JobContext) -> None:
    far.writes("job_0.log", b"trained\n")
    far.writes("job_0/artifacts/model.bin", b"\0\1")
    commit = far.keeps("better = True\n")
    record = JobRecord(id=0, state=JobState.SUCCEEDED)
    brought = far.carrier.bring(job, 1, came(record, commit))
    assert (brought.record, brought.kept, brought.notes) == (record, (), ())
    assert job.paths.log(0).read_text() == "trained\n"
    assert (job.paths.out(0) / "artifacts" / "model.bin").read_bytes() == b"\0\1"
    repo = job.sweep.prepared.repo.start
    assert git("show", f"{quarantine_ref(SWEEP, 0, 1)}:train.py", cwd=repo) == "better = True"


def test_a_worktree_gets_what_the_job_had(far: Far, job: JobContext) -> None:
    commit = far.keeps("better = True\n")
    far.carrier.bring(job, 1, came(JobRecord(id=0), commit))
    assert job.sweep.pool is not None
    worktree = job.sweep.pool.acquire(0)
    far.carrier.put_content(worktree, commit)
    assert (worktree.top / "train.py").read_text() == "better = True\n"
    assert git("rev-parse", "HEAD", cwd=worktree.top) == job.sweep.prepared.base.commit


def test_big_files_may_stay_with_path_and_checksum(
    far: Far, thrifty: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BIG_FILE", 10)
    far.writes("job_0/artifacts/big.bin", b"b" * 11)
    far.writes("job_0/artifacts/small.bin", b"s" * 10)
    (kept,) = far.carrier.bring(thrifty, 1, came(JobRecord(id=0))).kept
    assert (kept.host, kept.bytes) == ("gpu2", 11)
    assert Path(kept.path).read_bytes() == b"b" * 11
    assert kept.sha256 == hashlib.sha256(b"b" * 11).hexdigest()
    here = thrifty.paths.out(0) / "artifacts"
    assert [path.name for path in here.iterdir()] == ["small.bin"]


def test_without_that_wish_big_files_come(
    far: Far, job: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BIG_FILE", 10)
    far.writes("job_0/artifacts/big.bin", b"b" * 11)
    assert far.carrier.bring(job, 1, came(JobRecord(id=0))).kept == ()
    assert (job.paths.out(0) / "artifacts" / "big.bin").exists()


def test_a_record_too_long_to_be_told_is_read_from_the_lane(far: Far, job: JobContext) -> None:
    long = JobRecord(id=0, state=JobState.SUCCEEDED, notes=("n" * 1000,))
    write_json(far.results.record(0), long.model_dump(mode="json"))
    brought = far.carrier.bring(job, 1, came(None))
    assert brought.record.notes == long.notes
    assert not job.paths.record(0).exists()
    assert not [path for path in job.paths.state.iterdir() if "record_0" in path.name]


def test_a_worktree_that_was_kept_there_is_named(far: Far, job: JobContext) -> None:
    record = JobRecord(id=0, state=JobState.FAILED, worktree="/far/wt/exp/0")
    brought = far.carrier.bring(job, 1, came(record))
    assert brought.notes == ("its worktree is on gpu2: /far/wt/exp/0",)
