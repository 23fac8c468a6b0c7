"""Where a template is tried: one statement, with what can be seen from there."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from functools import cached_property

from .source import Edit, SourceFile, own_expressions

Change = tuple[Edit, ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef
_ATOMS = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Dict)
_MOST = 60


class Site:
    """A statement of a file and its surroundings, in the order in which they are written."""

    def __init__(self, source: SourceFile, statement: ast.stmt) -> None:
        self.source = source
        self.statement = statement

    @cached_property
    def function(self) -> Function | None:
        """The innermost function around the statement."""
        for node in self.source.above(self.statement):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return node
        return None

    @cached_property
    def expressions(self) -> list[ast.expr]:
        """The statement's own expressions, the outer before the inner ones."""
        return list(own_expressions(self.statement))

    @cached_property
    def loads(self) -> list[ast.expr]:
        """Those of them that are values, not targets."""
        return [node for node in self.expressions if is_value(node)]

    @cached_property
    def scope(self) -> list[ast.AST]:
        """Every node of the outermost function around the statement, or of the module's top."""
        around = [node for node in self.source.above(self.statement) if isinstance(node, Function)]
        top: list[ast.AST] = list(around[-1:]) or list(self.source.tree.body)
        return [node for root in top for node in ast.walk(root)]

    @cached_property
    def names(self) -> list[str]:
        """Parameters and variables of the functions around, each once."""
        found = [name for node in self.scope if (name := _bound(node))]
        return _unique(found)[:_MOST]

    @cached_property
    def attributes(self) -> list[str]:
        """The attributes that the file assigns to `self`, for a statement within a method."""
        if self.function is None or "self" not in self.names:
            return []
        nodes = [node for node in ast.walk(self.source.tree) if isinstance(node, ast.Attribute)]
        found = [self.text(node) for node in nodes if isinstance(node.ctx, ast.Store)]
        return _unique([text for text in found if text.startswith("self.")])[:_MOST]

    @cached_property
    def module_names(self) -> list[str]:
        """What the module defines or assigns at its top."""
        found = [name for node in self.source.tree.body for name in _defined(node)]
        return _unique(found)[:_MOST]

    @cached_property
    def conditions(self) -> list[str]:
        """What is tested anywhere in the function, and the operands of `and` and `or`."""
        found = [test for node in self.scope for test in _tested(node)]
        return _unique([self.text(test) for test in found])[:_MOST]

    @cached_property
    def returned(self) -> list[str]:
        """What the function returns elsewhere."""
        values = [node.value for node in self.scope if isinstance(node, ast.Return) and node.value]
        return _unique([self.text(value) for value in values])[:_MOST]

    @cached_property
    def condition(self) -> ast.expr | None:
        """What the statement tests, if it tests something."""
        return getattr(self.statement, "test", None)

    @property
    def indentation(self) -> str:
        """The blanks before the statement."""
        return self.source.indentation(self.statement)

    def siblings(self) -> list[ast.stmt]:
        """The block in which the statement stands."""
        parent = self.source.parents.get(self.statement)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and self.statement in block:
                return block
        return []

    def text(self, node: ast.AST) -> str:
        """A node as it is written."""
        return self.source.text(node)

    def operand(self, node: ast.AST) -> str:
        """A node as an operand: in parentheses where it needs them."""
        return self.text(node) if isinstance(node, _ATOMS) else f"({self.text(node)})"

    def replace(self, node: ast.AST, text: str) -> Change:
        """One node becomes another text."""
        return (Edit(self.source.start(node), self.source.end(node), text),)

    def replace_each(self, node: ast.AST, texts: Iterable[str]) -> Iterator[Change]:
        """One node becomes each of the texts in turn, but for its own."""
        own = self.text(node)
        for text in texts:
            if text != own:
                yield self.replace(node, text)

    def exchange(self, first: ast.AST, second: ast.AST) -> Change:
        """Two nodes change their places."""
        return (
            *self.replace(first, self.text(second)),
            *self.replace(second, self.text(first)),
        )

    def insert_before(self, text: str) -> Change:
        """New lines before the statement, with its indentation."""
        start = self.source.line_start(self.statement.lineno)
        return (Edit(start, start, self._indented(text)),)

    def insert_after(self, text: str) -> Change:
        """New lines after the statement, with its indentation."""
        end = self.source.line_start((self.statement.end_lineno or self.statement.lineno) + 1)
        is_unended = end == len(self.source.data) and not self.source.data.endswith(b"\n")
        return (Edit(end, end, "\n" * is_unended + self._indented(text)),)

    def _indented(self, text: str) -> str:
        lines = text.splitlines()
        return "".join(f"{self.indentation}{line}\n" for line in lines)

    @property
    def stands_alone(self) -> bool:
        """Whether the statement has its lines to itself, so that lines can be put around it."""
        source, statement = self.source, self.statement
        last_line = source.line_start((statement.end_lineno or statement.lineno) + 1)
        rest = source.between(source.end(statement), last_line).strip()
        before = source.between(source.line_start(statement.lineno), source.start(statement))
        return not before.strip() and (not rest or rest.startswith("#"))


def is_value(node: ast.expr) -> bool:
    """Whether an expression is read and can stand where another value stands."""
    is_read = isinstance(getattr(node, "ctx", None), ast.Load | None)
    is_part = isinstance(node, ast.Starred | ast.Slice | ast.JoinedStr | ast.FormattedValue)
    return is_read and not is_part


def is_builtin(name: str) -> bool:
    """Whether Python itself defines the name."""
    return hasattr(builtins, name)


def _bound(node: ast.AST) -> str | None:
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return None


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    for child in own_expressions(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id


def _tested(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        yield node.test
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.comprehension):
        yield from node.ifs


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
