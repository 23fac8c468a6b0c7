"""Whether a patch may be tested at all, and what is left of it without protected files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.publish.checks.edits import FileEdit, read_edits
from sweeptree.publish.checks.protected import Protection, changes_test_configuration, shadows
from sweeptree.repository import differences, patches
from sweeptree.repository.patches import Entry

MOST_BYTES = 2 * 1024 * 1024
_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Admitted:
    """A patch that may be tested: `tree` is the base with it; `dropped`: what was left out."""

    tree: str
    edits: tuple[FileEdit, ...]
    dropped: tuple[str, ...]


def admit(top: Path, base: str, patch: bytes, protection: Protection) -> Admitted:
    """The patch without what it may not change. Raises Refused with the reason."""
    if not patch.strip():
        raise Refused("the patch is empty")
    if len(patch) > MOST_BYTES:
        size, limit = len(patch) / 1024**2, MOST_BYTES // 1024**2
        raise Refused(f"the patch has {size:.1f} MiB; the limit is {limit}")
    tree = patches.tree_with_patch(top, base, patch)
    entries = patches.entries_between(top, base, tree)
    _check(entries)
    edits = read_edits(top, base, tree, entries)
    kept = tuple(edit for edit in edits if not _is_protected(edit, protection))
    dropped = tuple(edit.path for edit in edits if edit not in kept)
    _check_kept(top, (base, tree), kept)
    if dropped:
        tree = tree_of(top, base, kept, tree)
    return Admitted(tree, kept, dropped)


def _check(entries: tuple[Entry, ...]) -> None:
    if not entries:
        raise Refused("the patch changes nothing")
    if len(entries) > _MOST_FILES:
        raise Refused(f"the patch changes {len(entries)} files; the limit is {_MOST_FILES}")
    for entry in entries:
        if entry.is_symlink:
            raise Refused(f"{entry.path} is a symbolic link")
        if entry.is_submodule:
            raise Refused(f"{entry.path} is a submodule")


def _is_protected(edit: FileEdit, protection: Protection) -> bool:
    return protection.covers(edit.path) or changes_test_configuration(edit.path, edit.old, edit.new)


def _check_kept(top: Path, trees: tuple[str, str], kept: tuple[FileEdit, ...]) -> None:
    if not kept:
        raise Refused("the patch changes only files that decide about tests")
    paths = {edit.path for edit in kept}
    for change in differences.lines_between(top, *trees):
        if change.path in paths and change.added is None:
            raise Refused(f"{change.path} is a binary file")
    for problem in _shadowing(kept):
        raise Refused(problem)


def _shadowing(kept: tuple[FileEdit, ...]) -> Iterator[str]:
    for edit in kept:
        name = shadows(edit.path) if edit.old is None else None
        if name is not None:
            yield f"{edit.path} would stand before the module {name}"


def tree_of(top: Path, base: str, edits: tuple[FileEdit, ...], modes: str) -> str:
    """The tree of `base` with these edits; `modes`: the tree that has their files' modes."""
    files = {edit.path: edit.new for edit in edits}
    return patches.tree_with_files(top, base, files, modes)
