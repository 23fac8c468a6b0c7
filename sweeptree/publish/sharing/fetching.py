"""Bring the results that others have shared, as folders that `show` and `compare` can read."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import GitError, Refused, UsageError
from sweeptree.model.checks import check_exp_name
from sweeptree.publish.delivery import Target
from sweeptree.publish.sharing.files import MAX_TOTAL, limit_of
from sweeptree.publish.sharing.share import remote_of
from sweeptree.repository import branches, plumbing, remotes, results_refs
from sweeptree.repository.guards import size_of
from sweeptree.repository.results_refs import RESULTS, SHARED, Entry
from sweeptree.system import locks

_STAMP = ".commit"
_LOCK = ".lock"
_PATIENCE = 60.0  # seconds


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
    with _held(folder):
        return _fetch(top, target, folder)


def _fetch(top: Path, target: Target, folder: Path) -> Fetched:
    remote = remote_of(target)
    there = remotes.refs(top, remote, f"{RESULTS}/*")
    commits, left_out = _named(there)
    lacking = {
        name: commit for name, commit in commits.items() if not _is_here(folder, name, commit)
    }
    _bring(top, target, lacking)
    news: list[str] = []
    troubles: list[str] = []
    for name in lacking:
        try:
            troubles += _write_one(top, f"{SHARED}/{remote.name}/{name}", folder / name)
            news.append(name)
        except GitError:
            troubles.append(f"{name}: what stands there are no results of a sweep")
    return Fetched(tuple(news), len(commits), (*left_out, *troubles))


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Make the folder, and keep a second fetch from it. Raises Refused."""
    links = [place for place in (folder, *list(folder.parents)[:2]) if place.is_symlink()]
    if links:
        raise Refused(f"{links[0]} is a link: nothing is written there", hint=f"rm {links[0]}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locks.hold(folder / _LOCK, patience=_PATIENCE):
            yield
    except BlockingIOError as error:
        raise Refused("another sweeptree fetch is at work here", hint="try again later") from error
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror}") from error


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


def _write_one(top: Path, ref: str, place: Path) -> list[str]:
    """Write the results that have arrived, which may be later ones than were looked for; what is
    left out. Raises GitError where they are none."""
    room = _Room()
    _write(top, plumbing.text(top, "rev-parse", "--verify", f"{ref}^{{commit}}"), place, room)
    limit = size_of(MAX_TOTAL)
    return [f"{place.name}: {room.refused} files beyond {limit}"] if room.refused else []


class _Room:
    """Which files are taken: those that are shared, and no more of them than may be shared; a small
    pack of a hostile remote can hold terabytes."""

    def __init__(self) -> None:
        self._left = MAX_TOTAL
        self.refused = 0

    def takes(self, entry: Entry) -> bool:
        """Whether there is room for this file, which then has it."""
        if not _is_wanted(entry):
            return False
        has_room = entry.size <= self._left
        self._left -= entry.size * has_room
        self.refused += not has_room
        return has_room


def _write(top: Path, commit: str, place: Path, room: _Room) -> None:
    """Replace a folder by the files of a commit; readers see the old one or the new one."""
    fresh, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, data in results_refs.read_commit(top, commit, room.takes):
        (fresh / name).write_bytes(data)
    (fresh / _STAMP).write_text(f"{commit}\n")
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _is_wanted(entry: Entry) -> bool:
    limit = limit_of(entry.name)
    return limit is not None and entry.size <= limit
