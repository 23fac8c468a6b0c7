"""What failing tests compare with: an answer that a patch writes down instead of finding it.

Small and common values (0, 1, "", None, True) say nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

_COMMON: tuple[object, ...] = (0, 1, -1, 2, "", b"", None, True, False, (), [], {})
_CONDITIONS = (ast.If, ast.IfExp, ast.Match, ast.Dict, ast.While, ast.Assert)


@dataclass(frozen=True, slots=True)
class Expectations:
    """Literals of the failing tests as `repr`, and names of data files that they mention.

    `answers`: what they compare with; `inputs`: all others; `modules`: what their files import,
    and could.
    """

    answers: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    data_files: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()

    def rule(self, node: ast.AST) -> str | None:
        """Whether a piece of new code writes an answer down, or asks for a test's input."""
        match node:
            case ast.Compare():
                is_known = not self.inputs.isdisjoint(_literals(node))
                return "asks for a test's input" if is_known else None
            case ast.Return(value=ast.expr() as value) | ast.Assign(value=value):
                return self._answer_rule(value)
            case ast.Dict() | ast.IfExp() | ast.Lambda() | ast.match_case():
                return self._answer_rule(node)
            case _:
                return None

    def _answer_rule(self, node: ast.AST) -> str | None:
        is_known = not self.answers.isdisjoint(_literals(node))
        return "writes down a test's answer" if is_known else None


def read_expectations(tests: Iterable[ast.AST]) -> Expectations:
    """The expectations of these tests."""
    answers: set[str] = set()
    literals: set[str] = set()
    for test in tests:
        literals |= set(_literals(test))
        answers |= {text for node in ast.walk(test) for text in _answers(node)}
    return Expectations(
        answers=frozenset(answers), inputs=frozenset(literals), data_files=_data_files(literals)
    )


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """The first names of the modules that a file imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case _:
                pass


def _answers(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(left=left, comparators=others):
            for side in (left, *others):
                yield from _literals(side)
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name.startswith("assert"):
            for argument in args:
                yield from _literals(argument)
        case ast.Call(func=ast.Attribute(attr="parametrize"), args=[_, table, *_]):
            yield from _literals(table)
        case _:
            return


def _literals(tree: ast.AST) -> Iterator[str]:
    """Each literal that says something, in one form."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.UnaryOp):
            text = _literal(node)
            if text is not None:
                yield text


def _literal(node: ast.AST) -> str | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return None if value in _COMMON else repr(value)


def _data_files(literals: Iterable[str]) -> frozenset[str]:
    """Names of files among the literals: `'data/expected.json'`."""
    names = (PurePosixPath(text.strip("'\"")).name for text in literals if text[:1] in "'\"")
    return frozenset(name for name in names if "." in name[1:-1] and " " not in name)
