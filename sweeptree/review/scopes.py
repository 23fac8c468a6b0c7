"""Where in a Python file a line stands: which function or class encloses it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Scope:
    """A definition by its dotted name within the file, with its first and last line."""

    name: str
    node: Definition
    first: int
    last: int

    @property
    def is_function(self) -> bool:
        """Whether it is a function, not a class."""
        return not isinstance(self.node, ast.ClassDef)


@lru_cache(maxsize=512)
def parsed(text: str) -> ast.Module | None:
    """The syntax tree; None for what is no Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=512)
def scopes(text: str) -> tuple[Scope, ...]:
    """All definitions of a file, outer ones first; none for what is no Python."""
    tree = parsed(text)
    return tuple(_below(tree, "")) if tree is not None else ()


def functions(text: str) -> tuple[Scope, ...]:
    """The functions and methods of a file."""
    return tuple(scope for scope in scopes(text) if scope.is_function)


def enclosing(text: str, line: int) -> str:
    """The dotted name of the innermost definition round a line; empty at the top of a file."""
    around = [scope for scope in scopes(text) if scope.first <= line <= scope.last]
    return around[-1].name if around else ""


def _below(node: ast.AST, prefix: str) -> Iterator[Scope]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            name = f"{prefix}{child.name}"
            yield Scope(name, child, _first_line(child), child.end_lineno or child.lineno)
            yield from _below(child, f"{name}.")
        else:
            yield from _below(child, prefix)


def _first_line(node: Definition) -> int:
    """A definition begins with its first decorator."""
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])
