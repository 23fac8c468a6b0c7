"""What a patch does to each file, as the file before and after, and as blocks of lines.

Hides: how a part of an edit is applied alone.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Collection, Iterator
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

    def split(self, pieces: Collection[int]) -> tuple[Block, ...]:
        """The block in smaller ones, where its lines can stand alone.

        `pieces`: at which of its new lines, counted from 0, a new piece may begin.
        """
        if self.start == self.end:
            bounds = sorted({0, len(self.lines), *pieces})
            spans = itertools.pairwise(bounds)
            return tuple(Block(self.start, self.end, self.lines[a:b]) for a, b in spans)
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
        return tuple(block for block, _ in self._placed_blocks())

    def added_lines(self) -> dict[int, str]:
        """The lines that are new, by their numbers in the file after, from 1."""
        return {
            first + offset + 1: line
            for block, first in self._placed_blocks()
            for offset, line in enumerate(block.lines)
        }

    def split_block(self, block: Block) -> tuple[Block, ...]:
        """A block in lines; in Python, whole statements stay together."""
        first = dict(self._placed_blocks())[block]
        begins = self._statement_begins(first, first + len(block.lines))
        return block.split([number - first for number in begins])

    def _placed_blocks(self) -> Iterator[tuple[Block, int]]:
        """The blocks, each with the number of its first line in the file after, from 0."""
        old, new = _lines(self.old_text), _lines(self.new_text)
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        for kind, start, end, first, last in matcher.get_opcodes():
            if kind != "equal":
                yield Block(start, end, tuple(new[first:last])), first

    def _statement_begins(self, first: int, last: int) -> list[int]:
        """Where, among these lines of the file after, no statement that began there goes on."""
        lines = range(first, last)
        if not self.path.endswith(".py"):
            return list(lines)
        inside = {number for span in self._statements(first, last) for number in span[1:]}
        return [number for number in lines if number not in inside]

    def _statements(self, first: int, last: int) -> Iterator[range]:
        try:
            tree = ast.parse(self.new_text)
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt):
                span = range(node.lineno - 1, node.end_lineno or node.lineno)
                if first <= span.start and span.stop <= last:
                    yield span

    def with_blocks(self, blocks: Collection[Block]) -> FileEdit:
        """The edit with these of its blocks alone."""
        lines = _lines(self.old_text)
        made: list[str] = []
        copied = 0
        for block in sorted(blocks, key=lambda block: block.start):
            made += lines[copied : block.start]
            made += block.lines
            copied = max(copied, block.end)
        made += lines[copied:]
        return FileEdit(self.path, self.old, "".join(made).encode("utf-8", "surrogateescape"))


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
