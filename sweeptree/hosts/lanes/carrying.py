"""What a job does on a host, brought to the results here: while it runs, and as a whole at its end.

Hides where a lane keeps things on its host: its results folder, and the refs of its repository.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.hosts.back import files
from sweeptree.hosts.back.commits import fetch_commit, materialise, quarantine_ref
from sweeptree.hosts.back.live import Follower
from sweeptree.hosts.lanes.came import Came
from sweeptree.hosts.lanes.starting import folder_of
from sweeptree.hosts.lanes.values import Brought
from sweeptree.hosts.remote import Site
from sweeptree.model import JobRecord, Worktree
from sweeptree.model.record import RemoteArtifact
from sweeptree.records import SweepPaths, read_record
from sweeptree.repository import plumbing
from sweeptree.sweep.running import JobContext
from sweeptree.worktrees.tree import remove_tree

BIG_FILE = 16 * 1024 * 1024  # bytes beyond which --artifacts keep-remote leaves a file there


@dataclass(frozen=True, slots=True)
class HostCarrier:
    """See `values.Carrier`. `cache` is the host's repository, `sweep` the id of the sweep."""

    site: Site
    sweep: str
    cache: str
    follower: Follower

    def follow(self, job: JobContext) -> None:
        """Its log and what it reports."""
        there = self._results(job)
        for path in _growing(job):
            self.follower.follow(f"{there}/{path.name}", path)

    def unfollow(self, job: JobContext) -> None:
        """Nothing more of it is on the way then."""
        for path in _growing(job):
            self.follower.unfollow(path)

    def bring(self, job: JobContext, attempt: int, came: Came) -> Brought:
        """Its files below the sweep's results, its commit in the same ref as there."""
        if came.content is not None:
            ref = quarantine_ref(self.sweep, job.index, attempt)
            fetch_commit(job.sweep.prepared.repo, self.site, self.cache, ref)
        keeps_big = job.spec.artifacts == "keep-remote"
        order = files.Order(
            source=self._results(job),
            names=_names(job),
            dest=job.paths.root,
            staging=_staging(job),
            keep_above=BIG_FILE if keeps_big else None,
        )
        brought = files.bring(self.site, order)
        note_unbrought(job.paths, self.site.host.name, brought.skipped)
        record = came.record or self._long_record(job)
        return Brought(record, _kept(brought), (*brought.skipped, *_left_there(self.site, record)))

    def put_content(self, worktree: Worktree, content: str) -> None:
        """The commit is here since the files are."""
        materialise(worktree, content)

    def drop_content(self, job: JobContext, attempt: int) -> None:
        """The ref here; the host keeps its own."""
        ref = quarantine_ref(self.sweep, job.index, attempt)
        plumbing.run(job.sweep.prepared.repo.start, "update-ref", "-d", ref)

    def _results(self, job: JobContext) -> str:
        return f"{folder_of(self.site, self.sweep)}/results/{job.spec.exp_name}"

    def _long_record(self, job: JobContext) -> JobRecord:
        """A record that was too long to be told, as it stands in the lane's results."""
        aside = SweepPaths(job.paths.state / f"record_{job.index}")
        name = job.paths.record(job.index).name
        order = files.Order(self._results(job), (name,), aside.root, _staging(job))
        aside.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            files.bring(self.site, order)
            return read_record(aside.record(job.index))
        finally:
            remove_tree(aside.root)


def note_unbrought(paths: SweepPaths, host: str, skipped: Sequence[str]) -> None:
    """Keep in mind what could not be brought from a host: it stands there alone."""
    if skipped:
        with unbrought_file(paths, host).open("a") as file:
            file.writelines(f"{json.dumps(each)}\n" for each in skipped)


def unbrought_file(paths: SweepPaths, host: str) -> Path:
    """A line for each file of a host that could not be brought here."""
    return paths.state / f"unbrought_{host}"


def _growing(job: JobContext) -> tuple[Path, Path]:
    return job.paths.log(job.index), job.paths.metrics(job.index)


def _names(job: JobContext) -> tuple[str, ...]:
    paths, index = job.paths, job.index
    found = (paths.log(index), paths.metrics(index), paths.history(index), paths.out(index))
    return tuple(path.name for path in found)


def _staging(job: JobContext) -> Path:
    return job.paths.state / f"coming_{job.index}"


def _kept(brought: files.Brought) -> tuple[RemoteArtifact, ...]:
    return tuple(
        RemoteArtifact(
            host=brought.host,
            path=f"{brought.source}/{file.path}",
            bytes=file.size,
            sha256=file.sha256,
        )
        for file in brought.kept
    )


def _left_there(site: Site, record: JobRecord) -> tuple[str, ...]:
    """A sentence about a worktree that was kept on the host."""
    if record.worktree is None or record.state is None:
        return ()
    return (f"its worktree is on {site.host.name}: {record.worktree}",)
