"""What a patch does to each file, as the file before and after, and as blocks of lines.

Hides: how a part of an edit is applied alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from sweeptree.repository import patches
from sweeptree.repository.patches import Entry

_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # as git and Python count: a form feed ends no line


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring lines that are replaced: `start` to `end` of the old file, counted from 0, by
    `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]

    def split(self) -> tuple[Block, ...]:
        """The block line by line, where its lines can stand alone."""
        if self.start == self.end:
            return tuple(Block(self.start, self.end, (line,)) for line in self.lines)
        numbers = range(self.start, self.end)
        if not self.lines:
            return tuple(Block(number, number + 1, ()) for number in numbers)
        if len(self.lines) != len(numbers):
            return (self,)
        pairs = zip(numbers, self.lines, strict=True)
        return tuple(Block(number, number + 1, (line,)) for number, line in pairs)


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file before and after; None: it is not there."""

    path: str
    old: bytes | None
    new: bytes | None

    @property
    def old_text(self) -> str:
        """What it held."""
        return (self.old or b"").decode("utf-8", "surrogateescape")

    @property
    def new_text(self) -> str:
        """What it holds."""
        return (self.new or b"").decode("utf-8", "surrogateescape")

    @property
    def is_whole(self) -> bool:
        """Whether the file is made or removed, so that it has no parts."""
        return self.old is None or self.new is None

    def blocks(self) -> tuple[Block, ...]:
        """The lines that differ, in order."""
        old, new = _lines(self.old_text), _lines(self.new_text)
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        return tuple(
            Block(start, end, tuple(new[first:last]))
            for kind, start, end, first, last in matcher.get_opcodes()
            if kind != "equal"
        )

    def added_lines(self) -> dict[int, str]:
        """The lines that are new, by their numbers in the file after, from 1."""
        old, new = _lines(self.old_text), _lines(self.new_text)
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        added: dict[int, str] = {}
        for kind, _, _, first, last in matcher.get_opcodes():
            if kind != "equal":
                added.update({number + 1: new[number] for number in range(first, last)})
        return added

    def with_blocks(self, blocks: Collection[Block]) -> FileEdit:
        """The edit with these of its blocks alone."""
        lines = _lines(self.old_text)
        for block in sorted(blocks, key=lambda block: block.start, reverse=True):
            lines[block.start : block.end] = block.lines
        return FileEdit(self.path, self.old, "".join(lines).encode("utf-8", "surrogateescape"))


def _lines(text: str) -> list[str]:
    return _LINE.findall(text)


def read_edits(top: Path, old: str, new: str, entries: Collection[Entry]) -> tuple[FileEdit, ...]:
    """The edits between two trees or commits."""
    return tuple(
        FileEdit(
            path=entry.path,
            old=patches.read_file(top, old, entry.path),
            new=patches.read_file(top, new, entry.path),
        )
        for entry in entries
    )
