"""The paths that a commit holds. Hides the output of `git ls-tree`."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class CommitPaths:
    """The paths in a commit: files, folders, and the submodules among the files."""

    files: frozenset[str]
    folders: frozenset[str]
    submodules: tuple[str, ...]

    def has(self, path: str) -> bool:
        """True when the commit holds a file or a folder of this name."""
        return path in self.files or path in self.folders


def read_commit_paths(repo: Repository, commit: str) -> CommitPaths:
    """All paths in a commit."""
    listing = plumbing.run(repo.start, "ls-tree", "-r", "-t", "-z", "--full-tree", commit)
    paths: dict[bytes, list[str]] = {b"blob": [], b"tree": [], b"commit": []}
    for entry in filter(None, listing.split(b"\0")):
        facts, _, name = entry.partition(b"\t")
        kind = facts.split()[1]
        paths[kind].append(os.fsdecode(name))
    submodules = paths[b"commit"]
    files = frozenset(paths[b"blob"] + submodules)
    return CommitPaths(files, frozenset(paths[b"tree"]), tuple(submodules))
