"""Functions that grew too many branches. Counted as McCabe counts, from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sweeptree.review.change import Change, ChangedFile
from sweeptree.review.scopes import Function, functions
from sweeptree.review.values import CheckResult, Finding, Severity

NAME = "complexity"
MOST = 10  # the default of ruff, flake8 and pylint
_MUCH = 15  # more than this is a warning for a function that was changed
_BRANCHES = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension,
    ast.match_case,
)  # fmt: skip


def check_complexity(change: Change) -> CheckResult:
    """Functions that are over ten branches and grew."""
    found: list[Finding] = []
    for file in change.python_files:
        if not file.is_test:
            found += _grown(file)
    return CheckResult(NAME, tuple(found), note=f"functions over {MOST} that grew")


def complexity(function: Function) -> int:
    """The number of ways through a function; functions inside it count for themselves."""
    return 1 + sum(_weight(node) for node in _own_nodes(function))


def _grown(file: ChangedFile) -> Iterator[Finding]:
    before = {scope.name: _complexity_of(scope.node) for scope in functions(file.old or "")}
    for scope in functions(file.new or ""):
        now, then = _complexity_of(scope.node), before.get(scope.name)
        if now <= MOST or (then is not None and now <= then):
            continue
        since = "" if then is None else f", it had {then}"
        text = (
            f"{scope.name} has {now} ways through it{since}: a smaller function is easier to test"
        )
        severity = Severity.WARNING if now > _MUCH else Severity.NOTE
        line = _added_line(file, scope.node)
        yield Finding(file.path, line, "complexity", "sweeptree", severity, text)


def _complexity_of(node: ast.AST) -> int:
    return complexity(node) if isinstance(node, Function) else 1


def _added_line(file: ChangedFile, node: ast.AST) -> int:
    """The function's first line, or the first one that the change added to it."""
    assert isinstance(node, Function)
    last = node.end_lineno or node.lineno
    added = [line for line in file.added if node.lineno <= line <= last]
    return node.lineno if node.lineno in added else min(added, default=node.lineno)


def _weight(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return int(isinstance(node, _BRANCHES))


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        yield child
        yield from _own_nodes(child)
