"""Bring the results that others have shared, as folders that `show` and `compare` can read."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.model.checks import check_exp_name
from sweeptree.publish.delivery import Target
from sweeptree.publish.sharing.files import limit_of
from sweeptree.publish.sharing.share import remote_of
from sweeptree.repository import branches, remotes, results_refs
from sweeptree.repository.results_refs import RESULTS, SHARED, Entry

_STAMP = ".commit"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The sweeps of a remote: those that are new or have changed, and how many there are."""

    news: tuple[str, ...]
    total: int
    left_out: tuple[str, ...] = ()


def fetch(top: Path, target: Target, folder: Path) -> Fetched:
    """Fetch all results of a remote into `folder`, one folder per sweep.

    Those that stand there as they are on the remote are not touched. Raises Refused, PushError.
    """
    remote = remote_of(target)
    _check_name(remote.name)
    there = remotes.refs(top, remote, f"{RESULTS}/*")
    commits, left_out = _named(there)
    lacking = {
        name: commit for name, commit in commits.items() if not _is_here(folder, name, commit)
    }
    _bring(top, target, lacking)
    for name, commit in lacking.items():
        _write(top, commit, folder / name)
    return Fetched(tuple(lacking), len(commits), left_out)


def _check_name(remote: str) -> None:
    try:
        check_exp_name(remote)
    except ValueError as error:
        raise UsageError(
            f"the remote's name {remote!r} cannot be the name of a folder",
            hint=f"git remote rename {remote} NAME",
        ) from error


def _named(there: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Commits by the names of their sweeps; names that no sweep has are left out."""
    commits: dict[str, str] = {}
    left_out = []
    for ref, commit in there.items():
        name = ref.removeprefix(f"{RESULTS}/")
        try:
            commits[check_exp_name(name)] = commit
        except ValueError:
            left_out.append(f"{ref}: no sweep has such a name")
    return commits, tuple(left_out)


def _is_here(folder: Path, name: str, commit: str) -> bool:
    with contextlib.suppress(OSError):
        return (folder / name / _STAMP).read_text().strip() == commit
    return False


def _bring(top: Path, target: Target, lacking: Mapping[str, str]) -> None:
    remote = remote_of(target)
    wanted = {
        f"{RESULTS}/{name}": f"{SHARED}/{remote.name}/{name}"
        for name, commit in lacking.items()
        if branches.commit_of(top, f"{SHARED}/{remote.name}/{name}") != commit
    }
    if wanted:
        remotes.fetch(top, remote, wanted)


def _write(top: Path, commit: str, place: Path) -> None:
    """Replace a folder by the files of a commit; readers see the old one or the new one."""
    fresh, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, data in results_refs.read_commit(top, commit, _is_wanted):
        (fresh / name).write_bytes(data)
    (fresh / _STAMP).write_text(f"{commit}\n")
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _is_wanted(entry: Entry) -> bool:
    limit = limit_of(entry.name)
    return limit is not None and entry.size <= limit
