"""Python environments inside the repository: `.venv` and the like, which git ignores.

A command that names one by its absolute path finds it from everywhere. One that names it relatively
(`.venv/bin/python`) gets it as a link in its worktree, unless the setup command makes one there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sweeptree.model import Base
from sweeptree.repository.commit_paths import read_commit_paths
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.links import plan_links_and_copies

_MARKS = ("pyvenv.cfg", "conda-meta")


def is_in_environment(top: Path, path: str) -> bool:
    """Whether a path below `top` lies in a Python environment below it."""
    above = list(Path(path).parents)[:-1]  # the last is the repository itself
    return any(_is_environment(top / folder) for folder in above)


def named_environments(
    repo: Repository, commands: Iterable[str], setup: str | None = None
) -> list[str]:
    """The environments, as paths in the repository, that commands name relatively."""
    cwd = repo.start / repo.subfolder
    found = {os.path.relpath(place, repo.start): place for place in _environments(repo.start, cwd)}
    if not found:
        return []
    texts = set(commands)
    return [
        path
        for path, place in found.items()
        if not (setup and place.name in setup) and _is_named(place, texts)
    ]


def links_with_environments(
    repo: Repository, base: Base, links: Sequence[str] | None, environments: Sequence[str]
) -> Sequence[str] | None:
    """What is linked into the worktrees when these environments are too; `links` as in a spec."""
    if not environments:
        return links
    committed = read_commit_paths(repo, base.commit)
    chosen = plan_links_and_copies(repo, committed, links).links
    more = [path for path in environments if not committed.has(path) and path not in chosen]
    return [*chosen, *more]


def _environments(*folders: Path) -> Iterator[Path]:
    for folder in dict.fromkeys(folders):
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
        yield from filter(_is_environment, entries)


def _is_environment(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _MARKS)


def _is_named(place: Path, commands: Iterable[str]) -> bool:
    """Whether a command names a program of the environment by a relative path."""
    absolute, relative = f"{place}/", f"{place.name}/bin/"
    return any(relative in command.replace(absolute, "") for command in commands)
