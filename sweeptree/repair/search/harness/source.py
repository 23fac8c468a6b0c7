"""A Python file as text, bytes and syntax tree, and edits of it.

Offsets are in bytes of UTF-8, as the syntax tree counts its columns.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MOST_BYTES = 400_000
_UNSEEN = frozenset({"annotation", "returns", "type_comment", "type_params", "decorator_list"})


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible repair of one file: edits that do not overlap, and why it was thought of."""

    path: str
    edits: tuple[Edit, ...]
    template: str
    line: int
    score: float


class SourceFile:
    """A file of the user's, parsed once. Raises SyntaxError, UnicodeDecodeError or OSError."""

    def __init__(self, path: str, data: bytes | None = None) -> None:
        self.path = path
        self.data = Path(path).read_bytes() if data is None else data
        self.data.decode("utf-8")
        self.tree = ast.parse(self.data, filename=path)
        self._starts = list(_line_starts(self.data))

    def start(self, node: ast.AST) -> int:
        """Where a node begins."""
        return self._starts[node.lineno - 1] + int(node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Where a node ends."""
        line = int(node.end_lineno)  # type: ignore[attr-defined]
        return self._starts[line - 1] + int(node.end_col_offset)  # type: ignore[attr-defined]

    def line_start(self, line: int) -> int:
        """Where a line (from 1) begins; the end of the file for the one after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.data)

    def text(self, node: ast.AST) -> str:
        """The node as it is written."""
        return self.data[self.start(node) : self.end(node)].decode()

    def between(self, start: int, end: int) -> str:
        """The text of a span."""
        return self.data[start:end].decode()

    def indentation(self, node: ast.AST) -> str:
        """The blanks before a statement; empty when something else stands before it."""
        line = int(node.lineno)  # type: ignore[attr-defined]
        before = self.between(self.line_start(line), self.start(node))
        return before if not before.strip() else ""

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node above each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes above a node, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def top_statement(self, start: int, end: int) -> ast.stmt | None:
        """The statement of the module that holds a span."""
        for statement in self.tree.body:
            if _first(self, statement) <= start and end <= self._last(statement):
                return statement
        return None

    def _last(self, statement: ast.stmt) -> int:
        return self.line_start((statement.end_lineno or statement.lineno) + 1)

    def edited(self, edits: tuple[Edit, ...]) -> bytes:
        """The file with the edits made."""
        data = self.data
        for edit in sorted(edits, key=lambda each: each.start, reverse=True):
            data = data[: edit.start] + edit.text.encode() + data[edit.end :]
        return data


def _first(source: SourceFile, statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(each.lineno for each in decorators)])
    return source.line_start(first)


def _line_starts(data: bytes) -> Iterator[int]:
    yield 0
    start = data.find(b"\n")
    while 0 <= start < len(data) - 1:
        yield start + 1
        start = data.find(b"\n", start + 1)


def own_expressions(statement: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a statement itself: not of the statements in it, no annotations."""
    for name, value in ast.iter_fields(statement):
        if name in _UNSEEN:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.stmt):
                continue
            if isinstance(child, ast.expr):
                yield child
            yield from own_expressions(child)


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a constant."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
