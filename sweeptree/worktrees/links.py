"""What a worktree gets beside the commit: copies of files named in `.worktreeinclude`, and links to
large folders.

Hides: gitignore syntax (git itself reads it), that a sweep uses one copy made at its start, and
that nothing is written through a link.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sweeptree.errors import Refused, UsageError
from sweeptree.repository import plumbing
from sweeptree.repository.commit_paths import CommitPaths
from sweeptree.repository.repository import OURS, Repository
from sweeptree.worktrees.tree import discard, safe_parent

INCLUDE_FILE = ".worktreeinclude"
DEFAULT_LINK = "data"
STORE = ".include"  # the folder beside the worktrees that holds what is copied into each


@dataclass(frozen=True, slots=True)
class LinksAndCopies:
    """`links`: paths in a worktree that point to `source`/path; `copies`: files copied from
    `store`/path."""

    source: Path
    store: Path
    links: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    def provides(self, path: str) -> bool:
        """True for a path that worktrees get from here."""
        return path in self.copies or _is_linked(path, self.links)

    def is_untouched(self, top: Path, path: str) -> bool:
        """True for a path in the worktree at `top` that still is what was put there.

        What a job has put in its place is the job's work.
        """
        if path in self.copies:
            return _is_same_file(top / path, self.store / path)
        links = [link for link in self.links if _is_linked(path, (link,))]
        return any(_leads_to(top / link, self.source / link) for link in links)

    def put(self, top: Path) -> None:
        """Put everything into the worktree at `top`. What is there by these names is replaced."""
        for link in self.links:
            place = safe_parent(top, link)
            discard(top, link)
            place.symlink_to(self.source / link)
        for path in self.copies:
            place = safe_parent(top, path)
            discard(top, path)
            shutil.copy2(self.store / path, place, follow_symlinks=False)

    def fill_store(self) -> None:
        """Copy the included files once, so that all jobs of a sweep get the same."""
        for path in self.copies:
            self.store.mkdir(exist_ok=True)
            discard(self.store, path)
            place = safe_parent(self.store, path)
            shutil.copy2(self.source / path, place, follow_symlinks=False)


def _is_linked(path: str, links: Sequence[str]) -> bool:
    return any(path == link or path.startswith(f"{link}/") for link in links)


def _leads_to(link: Path, target: Path) -> bool:
    try:
        return link.readlink() == target
    except OSError:
        return False


def _is_same_file(file: Path, original: Path) -> bool:
    """Compares sizes and times, and what is in the files where only the times differ."""
    try:
        now, before = file.lstat(), original.lstat()
        if now.st_size != before.st_size or now.st_mode != before.st_mode:
            return False
        if now.st_mtime_ns == before.st_mtime_ns:
            return True
        return not file.is_symlink() and file.read_bytes() == original.read_bytes()
    except OSError:
        return False


def plan_links_and_copies(
    repo: Repository, committed: CommitPaths, links: Sequence[str] | None, store: Path = Path()
) -> LinksAndCopies:
    """What the worktrees of a sweep will get; reads only.

    `links` None: a `data/` that is not in the commit. Raises UsageError for a link that leads
    outside, Refused for one that is missing or in the commit.
    """
    if repo.is_bare:
        return LinksAndCopies(repo.start, store)
    chosen = _chosen_links(repo, committed, links)
    copies = [path for path in included(repo) if not committed.has(path)]
    own = tuple(path for path in copies if not _is_linked(path, chosen))
    return LinksAndCopies(repo.start, store, chosen, own)


def _chosen_links(
    repo: Repository, committed: CommitPaths, links: Sequence[str] | None
) -> tuple[str, ...]:
    if links is None:
        return (DEFAULT_LINK,) if _wants_default(repo, committed) else ()
    checked = [_checked(repo, committed, link) for link in links]
    return tuple(dict.fromkeys(checked))


def _wants_default(repo: Repository, committed: CommitPaths) -> bool:
    return (repo.start / DEFAULT_LINK).is_dir() and not committed.has(DEFAULT_LINK)


def _checked(repo: Repository, committed: CommitPaths, link: str) -> str:
    path = PurePosixPath(link)
    if not _is_below_root(path):
        raise UsageError(
            f"{link!r} cannot be linked into worktrees",
            hint="name a folder below the repository's root",
        )
    if not (repo.start / path).exists():
        raise Refused(
            f"{link} is to be linked into the worktrees, but does not exist",
            hint=f"ls {repo.start}",
        )
    if committed.has(str(path)):
        raise Refused(
            f"{link} is in the commit, so it cannot be linked",
            hint="leave it out: worktrees have it",
        )
    return str(path)


def _is_below_root(path: PurePosixPath) -> bool:
    if path.is_absolute() or ".." in path.parts:
        return False
    return path.parts[:1] not in ((), (".git",), (OURS,))


def included(repo: Repository) -> list[str]:
    """Untracked files of the checkout that its `.worktreeinclude` names, ignored or not."""
    if not (repo.start / INCLUDE_FILE).is_file():
        return []
    wanted = (f"--exclude-from={INCLUDE_FILE}", f"--exclude=!/{OURS}/")
    found = plumbing.run(repo.start, "ls-files", "-z", "--others", "--ignored", *wanted)
    return [path for path in plumbing.names(found) if _is_plain(path)]


def _is_plain(path: str) -> bool:
    return not path.endswith("/") and not path.startswith(f"{OURS}/")
