"""The change that is reviewed: its files before and after, its added lines, its hunks.

Hides `unidiff`, and the two throw-away worktrees in which tools look at base and head.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sweeptree import worktrees
from sweeptree.repository import Repository, differences
from sweeptree.review.values import legible

if TYPE_CHECKING:
    from unidiff.patch import Hunk, PatchedFile, PatchSet

_LARGEST = 2_000_000  # bytes of a file that is looked into
_TEST_FOLDERS = {"test", "tests", "testing"}


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of the change. `old` or `new` None: it is not there, binary, or too large.

    `added`: the lines of `new` that the change brought; `removed`: how many lines it took away.
    """

    path: str
    old: str | None
    new: str | None
    added: frozenset[int]
    removed: int

    @property
    def is_python(self) -> bool:
        """Whether it is Python source."""
        return self.path.endswith((".py", ".pyi"))

    @property
    def is_test(self) -> bool:
        """Whether it belongs to the tests."""
        return is_test_path(self.path)


@dataclass(frozen=True, slots=True)
class HunkRevert:
    """One hunk of the change, and the patch that takes it alone back from the head.

    `first` and `last`: its lines in the head; for a pure removal the line before the gap. `start`
    and `length`: what `replaced` stands in place of, with its context. `is_rewrite`: lines were put
    in place of others, neither only added nor only removed.
    """

    path: str
    first: int
    last: int
    patch: bytes
    start: int
    length: int
    replaced: str
    is_rewrite: bool

    def applied_to(self, text: str) -> str:
        """A file of the head without this hunk."""
        lines = list(io.StringIO(text))  # as git counts: only a line feed ends a line
        begin = self.start - 1 if self.length else self.start
        return "".join([*lines[:begin], self.replaced, *lines[begin + self.length :]])


@dataclass(frozen=True, slots=True)
class Change:
    """What is reviewed. `base_top` and `head_top`: worktrees that hold base and head."""

    repo: Repository
    base: str
    head: str
    base_top: Path
    head_top: Path
    files: tuple[ChangedFile, ...]

    @property
    def homes(self) -> tuple[Path, Path]:
        """The checkouts that may hold an environment: where the user stands, and the main one."""
        return self.repo.start, self.repo.top

    @property
    def python_files(self) -> tuple[ChangedFile, ...]:
        """The changed Python files that the head still has."""
        return tuple(file for file in self.files if file.is_python and file.new is not None)

    def file(self, path: str) -> ChangedFile | None:
        """The changed file of this path, also as tools write a name that is no UTF-8; None for one
        that is as it was."""
        named = (file for file in self.files if file.path == path)
        if "\ufffd" in path:
            named = (file for file in self.files if legible(file.path) == path)
        return next(named, None)

    def text(self, path: str, *, at_head: bool = True) -> str:
        """What a file holds, changed or not; empty where it cannot be read."""
        return _read(self.head_top if at_head else self.base_top, path) or ""


def is_test_path(path: str) -> bool:
    """Whether a file belongs to the tests, by its name or its folder."""
    place = PurePosixPath(path)
    if place.name.startswith("test_") or place.stem.endswith("_test"):
        return True
    return place.name == "conftest.py" or bool(_TEST_FOLDERS & set(place.parts[:-1]))


@contextlib.contextmanager
def opened_change(repo: Repository, base: str, head: str) -> Iterator[Change]:
    """The change from one commit to another, with worktrees of both that are gone afterwards."""
    patch = differences.patch_between(repo.start, base, head, context=0)
    with (
        worktrees.temporary_worktree(repo, base) as base_top,
        worktrees.temporary_worktree(repo, head) as head_top,
    ):
        for top in (base_top, head_top):
            _cut_links_that_lead_out(top)
        files = tuple(_changed(each, base_top, head_top) for each in _parsed(patch))
        yield Change(repo, base, head, base_top, head_top, files)


def too_large(change: Change) -> tuple[str, ...]:
    """The changed files of the head that are not looked into, for their size."""
    return tuple(file.path for file in change.files if _is_too_large(change.head_top / file.path))


def _is_too_large(file: Path) -> bool:
    try:
        return file.is_file() and not file.is_symlink() and file.stat().st_size > _LARGEST
    except OSError:
        return False


def hunk_reverts(change: Change) -> tuple[HunkRevert, ...]:
    """Every hunk of the change, as a patch that takes it back alone."""
    data = differences.patch_between(change.repo.start, change.head, change.base, context=1)
    found: list[HunkRevert] = []
    for file in _parsed(data):
        found += [_revert(file, hunk) for hunk in file]
    return tuple(found)


def _cut_links_that_lead_out(top: Path) -> None:
    """A tool would follow them: it would read, and quote in its findings, the user's own files."""
    inside = top.resolve()
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and not _leads_inside(path, inside):
                path.unlink()


def _leads_inside(link: Path, top: Path) -> bool:
    try:
        return link.resolve().is_relative_to(top)
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _parsed(patch: bytes) -> PatchSet:
    """The files of a patch. Bytes that are no UTF-8 survive the way there and back."""
    from unidiff.patch import PatchSet

    return PatchSet(patch.decode("utf-8", "surrogateescape"))


def _changed(file: PatchedFile, base_top: Path, head_top: Path) -> ChangedFile:
    path = _plain_path(file)
    old = None if file.is_added_file else _read(base_top, path)
    new = None if file.is_removed_file else _read(head_top, path)
    return ChangedFile(path, old, new, frozenset(_added_lines(file)), int(file.removed))


def _plain_path(file: PatchedFile) -> str:
    """Its path without the quotes in which git puts a name with a tab, a line break or a quote."""
    path = str(file.path)
    if not (path.startswith('"') and path.endswith('"')):
        return path
    quoted = path[1:-1].encode("utf-8", "surrogateescape")
    data = quoted.decode("unicode_escape").encode("latin-1")
    return data.decode("utf-8", "surrogateescape")


def _added_lines(file: PatchedFile) -> Iterator[int]:
    for hunk in file:
        for line in hunk:
            if line.is_added and line.target_line_no is not None:
                yield int(line.target_line_no)


def _read(top: Path, path: str) -> str | None:
    """A text file's content; None for a link, a binary or a large file, and for one outside."""
    file = top / path
    try:
        if file.is_symlink() or not file.resolve().is_relative_to(top.resolve()):
            return None
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        data = file.read_bytes()
    except OSError:
        return None
    return None if b"\0" in data else data.decode("utf-8", "replace")


def _revert(file: PatchedFile, hunk: Hunk) -> HunkRevert:
    """The hunk of a reversed patch: its removed lines are the ones that the change added."""
    lines = [line.source_line_no for line in hunk if line.is_removed]
    numbers = [int(number) for number in lines if number is not None]
    first, last = (min(numbers), max(numbers)) if numbers else (hunk.source_start,) * 2
    header = "".join(str(line) for line in file.patch_info or ())
    names = f"--- {file.source_file}\n+++ {file.target_file}\n"
    patch = f"{header}{names}{hunk}".encode("utf-8", "surrogateescape")
    replaced = "".join(line.value for line in hunk if line.is_context or line.is_added)
    start, length = int(hunk.source_start), int(hunk.source_length)
    is_rewrite = bool(hunk.added and hunk.removed)
    return HunkRevert(_plain_path(file), first, last, patch, start, length, replaced, is_rewrite)
