"""Tests that must fail: the counter-check of a green run.

A patch that forges results, or whose values are equal to everything, makes these pass too. Each
test's own text is changed: where it compares with `==`, what it expects becomes an object that is
equal to nothing else; where it does not, it fails at its end.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Control:
    """Test files whose text is changed, and the tests in them that must fail now."""

    files: dict[str, str]
    node_ids: tuple[str, ...]

    def write(self, top: Path) -> None:
        """Put the changed files into a worktree."""
        for path, text in self.files.items():
            (top / path).write_text(text, encoding="utf-8")


def make_control(top: Path, node_ids: Iterable[str]) -> Control:
    """The control of these tests. Tests that are not found in their file are left out."""
    by_file: dict[str, list[str]] = {}
    for node_id in node_ids:
        by_file.setdefault(node_id.partition("::")[0], []).append(node_id)
    files: dict[str, str] = {}
    covered: list[str] = []
    for path, own in by_file.items():
        text, found = _failing_text(top / path, own)
        if found:
            files[path] = text
            covered += found
    return Control(files, tuple(covered))


def _failing_text(file: Path, node_ids: list[str]) -> tuple[str, list[str]]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):  # no Python, or newer than ours
        return "", []
    functions = {node_id: find_test(tree, node_id) for node_id in node_ids}
    found = [node_id for node_id, function in functions.items() if function is not None]
    for function in {id(one): one for one in functions.values() if one is not None}.values():
        make_fail(function)
    return ast.unparse(ast.fix_missing_locations(tree)), found


def find_test(tree: ast.Module, node_id: str) -> _Function | None:
    """The function that a node id names: `path::Class::test[parameters]`."""
    names = node_id.partition("[")[0].split("::")[1:]
    scope: ast.Module | ast.ClassDef | _Function = tree
    for name in names:
        inner = [node for node in _definitions(scope) if node.name == name]
        if not inner:
            return None
        scope = inner[-1]
    return scope if isinstance(scope, _Function) else None


def _definitions(scope: ast.AST) -> Iterator[ast.ClassDef | _Function]:
    for node in getattr(scope, "body", []):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def make_fail(function: _Function) -> None:
    """Change a test so that it fails when it is run honestly."""
    has_early_end = any(isinstance(node, ast.Return) for node in ast.walk(function))
    comparison = None if has_early_end else _first_equality(function)
    if comparison is not None:
        _expect_another(comparison)
        return
    failure = ast.Assert(test=ast.Constant(value=0), msg=None)
    function.body = [ast.Try(body=function.body, handlers=[], orelse=[], finalbody=[failure])]


def _first_equality(function: _Function) -> ast.Compare | None:
    """The first `assert left == right` that is reached whenever the test passes."""
    for statement in function.body:
        test = statement.test if isinstance(statement, ast.Assert) else None
        if isinstance(test, ast.Compare) and _is_equality(test):
            return test
    return None


def _is_equality(test: ast.Compare) -> bool:
    return len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)


def _expect_another(comparison: ast.Compare) -> None:
    other = ast.Call(func=ast.Name(id="object", ctx=ast.Load()), args=[], keywords=[])
    if isinstance(comparison.left, ast.Constant):
        comparison.left = other
    else:
        comparison.comparators = [other]
