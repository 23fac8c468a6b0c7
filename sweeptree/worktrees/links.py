"""What a worktree gets beside the commit: copies of files named in `.worktreeinclude`, links to
large folders.

Hides: gitignore syntax (git itself reads it), that a sweep uses one copy made at its start, and
that nothing is written through a link.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sweeptree.errors import Refused, UsageError
from sweeptree.repository import plumbing
from sweeptree.repository.repository import OURS, Repository
from sweeptree.worktrees.tree import discard, safe_parent

INCLUDE_FILE = ".worktreeinclude"
DEFAULT_LINK = "data"


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
        return path in self.copies or any(
            path == link or path.startswith(link + "/") for link in self.links
        )

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
            shutil.copy2(self.source / path, safe_parent(self.store, path), follow_symlinks=False)


def survey(
    repo: Repository, committed: Committed, links: Sequence[str] | None, store: Path = Path()
) -> LinksAndCopies:
    """What the worktrees of a sweep will get; reads only.

    `links` None: a `data/` that is not in the commit.

    Raises UsageError for a link that leads outside, Refused for one that is missing or in the
    commit.
    """
    if repo.is_bare:
        return LinksAndCopies(repo.start, store)
    if links is None:
        chosen = [DEFAULT_LINK] if _wants_default(repo, committed) else []
    else:
        chosen = [_checked(repo, committed, link) for link in links]
    copies = tuple(path for path in included(repo) if not committed.has(path))
    furniture = LinksAndCopies(repo.start, store, tuple(dict.fromkeys(chosen)))
    return LinksAndCopies(
        repo.start, store, furniture.links, tuple(p for p in copies if not furniture.provides(p))
    )


def _wants_default(repo: Repository, committed: Committed) -> bool:
    return (repo.start / DEFAULT_LINK).is_dir() and not committed.has(DEFAULT_LINK)


def _checked(repo: Repository, committed: Committed, link: str) -> str:
    path = PurePosixPath(link)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] in ((), (".git",), (OURS,)):
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


def included(repo: Repository) -> list[str]:
    """Untracked files of the checkout that its `.worktreeinclude` names, ignored or not."""
    if not (repo.start / INCLUDE_FILE).is_file():
        return []
    found = plumbing.run(
        repo.start, "ls-files", "-z", "--others", "--ignored", f"--exclude-from={INCLUDE_FILE}",
        f"--exclude=!/{OURS}/",
    )  # fmt: skip
    return [
        p for p in plumbing.names(found) if not p.endswith("/") and not p.startswith(f"{OURS}/")
    ]


@dataclass(frozen=True, slots=True)
class Committed:
    """The paths in a commit: files, folders, and the submodules among them."""

    files: frozenset[str]
    folders: frozenset[str]
    submodules: tuple[str, ...]

    def has(self, path: str) -> bool:
        """True when the commit holds a file or a folder of this name."""
        return path in self.files or path in self.folders


def read_commit(repo: Repository, commit: str) -> Committed:
    """All paths in a commit."""
    files: set[str] = set()
    folders: set[str] = set()
    submodules: list[str] = []
    for entry in plumbing.run(repo.start, "ls-tree", "-r", "-t", "-z", "--full-tree", commit).split(
        b"\0"
    ):
        if not entry:
            continue
        head, _, name = entry.partition(b"\t")
        kind, path = head.split()[1], os.fsdecode(name)
        (folders if kind == b"tree" else files).add(path)
        if kind == b"commit":
            submodules.append(path)
    return Committed(frozenset(files), frozenset(folders), tuple(submodules))
