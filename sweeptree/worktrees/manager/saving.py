"""Saving a worktree: a commit of what git can hold, and a store for the rest.

The worktree's index, HEAD and branch stay byte-identical while the commit is made, through an index
of our own. Files leave the worktree only once their name in the store is written down.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import GitError
from sweeptree.repository import plumbing
from sweeptree.repository.commits import commit_tree, is_whole
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry
from sweeptree.worktrees.manager import exact
from sweeptree.worktrees.manager.losses import Losses
from sweeptree.worktrees.manager.places import Place, usual_top
from sweeptree.worktrees.manager.salvage import (
    Salvage,
    Stage,
    free_name,
    new_salvage,
    set_stage,
    shift,
    store_of,
    write_salvage,
)
from sweeptree.worktrees.saved_index import index_tree

LARGEST = 50 * 1024 * 1024  # bytes of a file that goes into a commit; larger ones are moved
_MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Parts:
    """What goes into the commit, and what is moved; paths below the worktree's top."""

    committed: tuple[str, ...]
    moved: tuple[str, ...]


def save(repo: Repository, place: Place, losses: Losses) -> Salvage:
    """Save what would be lost. From `kept` on, the worktree may go. Raises GitError, OSError."""
    assert place.entry is not None
    entry = place.entry.folder
    name = free_name(repo, place.name)
    salvage = new_salvage(place.name, name, usual_top(place.top), entry)
    parts = _part(place.top, losses)
    salvage = replace(
        salvage,
        head=registry.head_of(repo, entry),
        branch=registry.branch_of(entry),
        what=losses.text,
    )
    write_salvage(repo, salvage)
    salvage = replace(salvage, commit=_commit(repo, place, salvage, losses, parts))
    write_salvage(repo, salvage)
    store = store_of(repo, salvage) / "files"
    for path in parts.moved:
        shift(place.top / path, store / path)
    return set_stage(repo, salvage, Stage.KEPT)


def _part(top: Path, losses: Losses) -> _Parts:
    if losses.is_gone:
        return _Parts((), ())
    files = [*losses.changed, *losses.made]
    inside = tuple(f"{path}/" for path in losses.repositories)
    large = [path for path in files if _is_large(top / path)]
    small = [path for path in files if path not in set(large)]
    ignored = [path for path in losses.ignored if not path.startswith(inside)]
    return _Parts(tuple(small), (*large, *ignored, *losses.repositories))


def _is_large(file: Path) -> bool:
    try:
        return file.lstat().st_size > LARGEST
    except OSError:
        return False


def _commit(repo: Repository, place: Place, salvage: Salvage, losses: Losses, parts: _Parts) -> str:
    """Make the commit and its ref until each object is there: a `git gc --prune=now` beside us
    deletes what no ref leads to yet."""
    for _ in range(_MAX_TRIES):
        commit = _commit_once(repo, place, salvage, losses, parts)
        words = (*plumbing.DURABLE, "update-ref", salvage.ref, commit)
        plumbing.run(repo.top, *words)
        if _is_whole(repo, commit, salvage.head):
            return commit
    raise GitError(
        f"objects of the commit {commit[:12]} are deleted while it is made",
        hint="end the `git gc --prune=now` that runs in this repository",
    )


def _is_whole(repo: Repository, commit: str, head: str | None) -> bool:
    if head is not None:
        return is_whole(repo.top, commit, head)
    return not plumbing.ask(repo.top, "rev-list", "--objects", "--quiet", commit).code


def _commit_once(
    repo: Repository, place: Place, salvage: Salvage, losses: Losses, parts: _Parts
) -> str:
    assert place.entry is not None
    top = repo.top if losses.is_gone else place.top
    head = [salvage.head] if salvage.head else []
    with tempfile.TemporaryDirectory(prefix="sweeptree-index-") as folder:
        work = Path(folder, "work")
        tree = exact.tree_with_files(top, salvage.head, parts.committed, work)
        staged = index_tree(top, place.entry.folder / "index") or tree
    index = commit_tree(repo.top, staged, head, f"The index of {salvage.worktree}")
    message = f"Saved from the worktree {salvage.worktree}: {losses.text}"
    return commit_tree(repo.top, tree, [*head, index, *losses.commits], message)
