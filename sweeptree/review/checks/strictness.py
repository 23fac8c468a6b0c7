"""How much a test asks for, counted from its syntax tree. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from sweeptree.review.scopes import Definition

_SKIPS = ("skip", "xfail", "expectedFailure", "skipTest", "fail_under")
_CONDITIONAL = ("skipif", "skipIf", "skipUnless", "importorskip")
_TOLERANCES = ("rel", "abs", "rtol", "atol", "rel_tol", "abs_tol", "delta", "tolerance", "tol")
_CATCH_ALL = ("Exception", "BaseException", "AssertionError")


@dataclass(frozen=True, slots=True)
class Strictness:
    """What a test asks for.

    Lines where it is skipped, skipped under a condition, where an assertion cannot fail, where a
    failure is caught. `exact`: comparisons by ==; `cases`: parametrized ones; `tolerance`: the sum
    of all tolerances.
    """

    assertions: int
    exact: int
    cases: int
    tolerance: float
    skips: tuple[int, ...]
    conditional_skips: tuple[int, ...]
    trivial: tuple[int, ...]
    swallowed: tuple[int, ...]


def strictness(test: Definition) -> Strictness:
    """Count what a test function asks for."""
    nodes = list(ast.walk(test))
    checks = [node for node in nodes if _is_assertion(node)]
    return Strictness(
        assertions=len(checks),
        exact=sum(_is_exact(node) for node in checks),
        cases=sum(_cases(each) for each in test.decorator_list),
        tolerance=sum(_tolerances(nodes)),
        skips=_lines(node for node in nodes if _is_named(node, _SKIPS)),
        conditional_skips=_lines(node for node in nodes if _is_named(node, _CONDITIONAL)),
        trivial=_lines(node for node in checks if _is_trivial(node)),
        swallowed=_lines(node for node in nodes if _swallows(node)),
    )


def skips_of_whole_files(tree: ast.Module) -> tuple[int, ...]:
    """Lines outside every function that skip a module's or a class's tests."""
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    outside = (node for node in ast.walk(tree) if id(node) not in inside)
    return _lines(node for node in outside if _is_named(node, _SKIPS))


def _lines(nodes: Iterator[ast.AST]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(getattr(node, "lineno", 0)) for node in nodes))


def _is_named(node: ast.AST, names: tuple[str, ...]) -> bool:
    """`pytest.skip`, `pytest.mark.skip`, `unittest.skip`, `self.skipTest`."""
    return isinstance(node, ast.Attribute) and node.attr in names


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = _called(node)
    return name.startswith("assert") or name in ("raises", "warns", "expect")


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_exact(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _called(node) in ("assertEqual", "assert_array_equal", "assert_equal")
    assert isinstance(node, ast.Assert)
    test = node.test
    return isinstance(test, ast.Compare) and any(isinstance(op, ast.Eq) for op in test.ops)


def _is_trivial(node: ast.AST) -> bool:
    """An assertion of a constant, of `x or True`, of `x == x`."""
    test = node.test if isinstance(node, ast.Assert) else _first_argument(node)
    if isinstance(test, ast.Constant):
        return isinstance(node, ast.Assert) and bool(test.value)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(isinstance(each, ast.Constant) and each.value for each in test.values)
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        return ast.dump(test.left) == ast.dump(test.comparators[0])
    return False


def _first_argument(node: ast.AST) -> ast.expr | None:
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def _cases(decorator: ast.expr) -> int:
    """The cases of one `pytest.mark.parametrize`."""
    if not (isinstance(decorator, ast.Call) and _called(decorator) == "parametrize"):
        return 0
    values = decorator.args[1] if len(decorator.args) > 1 else None
    return len(values.elts) if isinstance(values, ast.List | ast.Tuple) else 0


def _tolerances(nodes: list[ast.AST]) -> Iterator[float]:
    for node in nodes:
        if not isinstance(node, ast.keyword) or node.arg not in _TOLERANCES:
            continue
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
            yield float(value.value)


def _swallows(node: ast.AST) -> bool:
    """A handler that catches failures round an assertion and goes on."""
    if not isinstance(node, ast.Try) or not any(map(_is_assertion, _within(node.body))):
        return False
    return any(_catches_all(each) and not _raises(each) for each in node.handlers)


def _within(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        yield from ast.walk(statement)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in _CATCH_ALL for n in ast.walk(handler.type))


def _raises(handler: ast.ExceptHandler) -> bool:
    nodes = list(_within(handler.body))
    return any(isinstance(node, ast.Raise) or _is_assertion(node) for node in nodes)
