"""All of a project that jobs on a host need, brought there in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.analysis.datasets import Digests, folders
from sweeptree.hosts.code.commits import How, send_commit
from sweeptree.hosts.code.large_files import send_large_files
from sweeptree.hosts.code.set_up import set_up
from sweeptree.hosts.code.stand import Wanted, send_stand
from sweeptree.hosts.code.submodules import ENVIRONMENT, send_submodules, submodules
from sweeptree.hosts.remote import Site
from sweeptree.model import Base, Job
from sweeptree.repository import Repository, in_place
from sweeptree.repository.commit_paths import read_commit_paths
from sweeptree.worktrees.links import DEFAULT_LINK, LinksAndCopies, plan_links_and_copies


@dataclass(frozen=True, slots=True)
class Sent:
    """What a host has now.

    `cache`: its bare repository with `commit`; `how` it came. `extras`: what worktrees there get
    beside it (for `Pool`). `environ`: variables that jobs with submodules need; `notes`: what the
    host does not have, a sentence each.
    """

    cache: str
    commit: str
    how: How
    extras: LinksAndCopies
    environ: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def send(repo: Repository, commit: str, site: Site, wanted: Wanted) -> Sent:
    """Bring a commit and what stands beside it. Raises Refused, SweeptreeError, PushError."""
    sent = send_commit(repo, commit, site)
    lacking = send_submodules(repo, sent, site)
    large = send_large_files(repo, sent, site)
    made = set_up(repo, sent, site)
    extras = send_stand(wanted, site, made)
    has_submodules = any(submodules(repo, commit))
    said = (sent.note, *lacking, *large)
    return Sent(
        cache=sent.cache,
        commit=commit,
        how=sent.how,
        extras=extras,
        environ=ENVIRONMENT if has_submodules else {},
        notes=tuple(filter(None, said)),
    )


def wanted_beside(
    repo: Repository, base: Base, links: Sequence[str] | None, jobs: Iterable[Job]
) -> Wanted:
    """What worktrees of the sweep get here beside the commit. `links` as `Pool` takes them.

    Raises UsageError, Refused as for a sweep here.
    """
    committed = read_commit_paths(repo, base.commit)
    planned = plan_links_and_copies(repo, committed, links)
    default = "" if committed.has(DEFAULT_LINK) else DEFAULT_LINK
    return Wanted(planned, data_digests(repo, base, jobs), default)


def data_digests(repo: Repository, base: Base, jobs: Iterable[Job]) -> dict[str, str]:
    """The datasets that jobs are given here: by folder below the repository, their digests."""
    if repo.is_bare:
        return {}
    digests = Digests()
    worktree = in_place(repo, base)
    found: dict[str, str] = {}
    for job in jobs:
        for place in folders(worktree, job.params):
            path = _below(repo, place)
            digest = digests.of_folder(place) if path else None
            if digest:
                found[path] = digest
    return found


def _below(repo: Repository, place: Path) -> str:
    """The path below the repository; empty for a place elsewhere."""
    plain = os.path.normpath(place)
    path = os.path.relpath(plain, repo.start)
    return "" if path.startswith("..") else path
