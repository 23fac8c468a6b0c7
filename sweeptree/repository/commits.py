"""Commits that sweeptree makes, above all the snapshot of uncommitted changes.

Hides: a temporary index, so that nobody's index, HEAD, stash or files are touched; who the author
is when git does not know; and that the commit is on disk before its ref is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.model import Base
from sweeptree.repository import plumbing
from sweeptree.repository.branches import commit_of, tree_id
from sweeptree.repository.kept_pack import Quarantine, made_whole, quarantine
from sweeptree.repository.repository import OURS, Repository

MAX_SNAPSHOT_FILE = 50 * 1024 * 1024
_RESULTS = "results/"
_FALLBACK = {
    "GIT_AUTHOR_NAME": "sweeptree",
    "GIT_AUTHOR_EMAIL": "sweeptree@localhost",
    "GIT_COMMITTER_NAME": "sweeptree",
    "GIT_COMMITTER_EMAIL": "sweeptree@localhost",
}


@dataclass(frozen=True, slots=True)
class Snapshot(Base):
    """A base made of uncommitted changes. `left_out`: what it lacks, one line each."""

    left_out: tuple[str, ...] = ()


def snapshot(
    repo: Repository, base: Base, exp_name: str, *, ignore: Sequence[Path] = ()
) -> Snapshot:
    """Commit the checkout as it is on top of `base`, at refs/sweeptree/<exp>/base.

    The user's state is untouched.
    Untracked files that git does not ignore go in too, but not `results/`, what lies below
    `ignore`, files over 50 MiB and repositories inside the repository. Without a change the base
    itself is returned.
    """
    if repo.is_bare:
        raise Refused(
            f"{repo.start} is a bare repository: it has no uncommitted changes",
            hint="leave out --dirty",
        )
    paths, left_out = _for_snapshot(repo, ignore)
    order = _SnapshotOrder(repo, base, exp_name, tuple(paths), left_out)
    return made_whole(lambda: _make_snapshot(order))


@dataclass(frozen=True, slots=True)
class _SnapshotOrder:
    """A snapshot that is to be made of these paths."""

    repo: Repository
    base: Base
    exp_name: str
    paths: tuple[str, ...]
    left_out: tuple[str, ...]


def _make_snapshot(order: _SnapshotOrder) -> Snapshot:
    repo = order.repo
    with copied_index(index_of(repo)) as index, quarantine(repo.start) as place:
        tree = write_tree(repo.start, index, order.paths, place.env)
        return _commit_snapshot(order, tree, place)


def _commit_snapshot(order: _SnapshotOrder, tree: str, place: Quarantine) -> Snapshot:
    top, base, left_out = order.repo.start, order.base, order.left_out
    if tree == tree_id(top, base.commit):
        return Snapshot(base.commit, base.name, base.subject, base.branch, left_out)
    subject = f"Uncommitted changes on {base.commit[:12]} for the sweep {order.exp_name}"
    body = "".join(f"Left out: {line}\n" for line in left_out)
    message = f"{subject}\n\n{body}".strip()
    commit = commit_tree(top, tree, (base.commit,), message, place.env)
    with place.released(commit, base.commit):
        _point(order.repo, f"refs/sweeptree/{order.exp_name}/base", commit)
    return Snapshot(commit, base.name, subject, base.branch, left_out)


def index_of(repo: Repository) -> Path:
    """The index of the checkout that the user stands in."""
    words = ("rev-parse", "--path-format=absolute", "--git-path", "index")
    return Path(plumbing.text(repo.start, *words))


def _for_snapshot(repo: Repository, ignore: Sequence[Path]) -> tuple[list[str], tuple[str, ...]]:
    """The paths that go in, and what is left out, one line each."""
    words = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
    entries = plumbing.names(plumbing.run(repo.start, *words))
    skipped = (*below(repo.start, ignore), _RESULTS)
    paths: list[str] = []
    left_out: list[str] = []
    for path in _counted_paths(entries, skipped):
        reason = _unfit(repo.start / path, path)
        if reason:
            left_out.append(f"{path} ({reason})")
        else:
            paths.append(path)
    return paths, tuple(left_out)


def _counted_paths(entries: Iterable[str], skipped: tuple[str, ...]) -> Iterator[str]:
    for entry in entries:
        path = status_path(entry)
        is_untracked = entry[0] == "?"
        if not (is_untracked and path.startswith(skipped)):
            yield path


def _unfit(file: Path, path: str) -> str:
    if path.endswith("/"):
        return "a git repository of its own"
    try:
        size = file.lstat().st_size
    except OSError:
        return ""
    return f"{size // 1024**2} MiB; the limit is 50" if size > MAX_SNAPSHOT_FILE else ""


def status_path(entry: str) -> str:
    """The path in one entry of `git status --porcelain=v2 -z` without renames."""
    fields = {"1": 8, "u": 10, "?": 1, "!": 1}
    return entry.split(" ", fields[entry[0]])[-1]


def below(top: Path, folders: Iterable[Path]) -> tuple[str, ...]:
    """The folders that lie below `top`, as prefixes of paths in it; `.sweeptree` is always one."""
    found = [f"{OURS}/"]
    for folder in folders:
        with contextlib.suppress(ValueError):
            relative = (top / folder).resolve().relative_to(top).as_posix()
            found.append("" if relative == "." else relative + "/")
    return tuple(prefix for prefix in found if prefix)


@contextlib.contextmanager
def copied_index(source: Path) -> Iterator[Path]:
    """A copy of an index, with the time that tells git which of its entries to check by content."""
    with tempfile.TemporaryDirectory(prefix="sweeptree-index-") as folder:
        copy = Path(folder, "index")
        if source.exists():
            shutil.copy2(source, copy)
        yield copy


def write_tree(
    top: Path, index: Path, paths: Iterable[str], variables: Mapping[str, str] | None = None
) -> str:
    """The tree of an index after the given paths were brought up to date with the files.

    `variables`: those of a quarantine for its objects.
    """
    env = {**(variables or {}), "GIT_INDEX_FILE": str(index)}
    data = b"".join(os.fsencode(path) + b"\0" for path in paths)
    if data:
        words = (*plumbing.DURABLE, "update-index", "--add", "--remove", "-z", "--stdin")
        plumbing.run(top, *words, call=plumbing.Call(data, env))
    tree = plumbing.run(top, *plumbing.DURABLE, "write-tree", call=plumbing.Call(env=env))
    return tree.decode().strip()


def commit_tree(
    top: Path,
    tree: str,
    parents: Iterable[str],
    message: str,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Make a commit, by sweeptree itself where git does not know who the author is.

    `variables`: those of a quarantine for its objects.
    """
    data = message.encode("utf-8", "surrogateescape") + b"\n"
    options = [f"-p{parent}" for parent in parents]
    words = ("-c", "user.useConfigOnly=true", *plumbing.DURABLE, "commit-tree", tree, *options)
    answer = plumbing.ask(top, *words, call=plumbing.Call(data, variables))
    if answer.code and "tell me who you are" in answer.err:
        env = {**(variables or {}), **_FALLBACK}
        answer = plumbing.ask(top, *words, call=plumbing.Call(data, env))
    if answer.code:
        raise answer.error()
    return answer.out.decode().strip()


def is_whole(top: Path, commit: str, base: str) -> bool:
    """Whether each object that the commit adds to the base can be found."""
    words = ("rev-list", "--objects", "--quiet", commit, "--not", base)
    return not plumbing.ask(top, *words).code


def _point(repo: Repository, ref: str, commit: str) -> None:
    """Set a ref of ours. A commit it held before stays under a name of its own."""
    old = commit_of(repo.start, ref)
    orders = f"update {ref} {commit} {old}\n" if old else f"create {ref} {commit}\n"
    if old and old != commit:
        orders += f"update {ref}-{old[:8]} {old}\n"
    call = plumbing.Call(orders.encode())
    plumbing.run(repo.start, *plumbing.DURABLE, "update-ref", "--stdin", call=call)
