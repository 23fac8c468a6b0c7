"""Changes for the tests of the Code Reviewer: two folders instead of two commits."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from sweeptree.repository import Repository
from sweeptree.review.change import Change, ChangedFile

Files = Mapping[str, str]


def make_change(folder: Path, old: Files, new: Files) -> Change:
    """What leads from one set of files to another, by their paths."""
    base, head = folder / "base", folder / "head"
    _write(base, old)
    _write(head, new)
    paths = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    files = tuple(_changed(path, old.get(path), new.get(path)) for path in paths)
    repo = Repository(folder, folder, Path(), folder / ".git", is_bare=False, is_shallow=False)
    return Change(repo, "b" * 40, "a" * 40, base, head, files)


def _write(top: Path, files: Files) -> None:
    top.mkdir(parents=True)
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


def _changed(path: str, old: str | None, new: str | None) -> ChangedFile:
    lines = (old or "").split("\n"), (new or "").split("\n")
    added = frozenset(_added(*lines)) if new is not None else frozenset[int]()
    return ChangedFile(path, old, new, added, removed=0)


def _added(old: list[str], new: list[str]) -> Iterator[int]:
    for kind, _, _, first, last in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if kind in ("insert", "replace"):
            yield from range(first + 1, last + 1)
