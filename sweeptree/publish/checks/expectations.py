"""What failing tests compare with: an answer that a patch writes down instead of finding it.

Small and common values (0, 1, "", None, True) say nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from sweeptree.publish.checks.literals import is_telling, numbers_in, texts, worths

_PUTTING = {"append", "appendleft", "add", "insert", "extend", "setdefault", "update", "push"}


@dataclass(frozen=True, slots=True)
class Expectations:
    """The worth of literals in the failing tests, and names of data files that they mention.

    `answers`: what they compare with; `inputs`: all others; `data_files`: names of files and
    folders; `modules`: what their files import, and could; `names`: what they read of the code, but
    do not call.
    """

    answers: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    data_files: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def rule(self, node: ast.AST) -> str | None:
        """Whether a piece of new code writes an answer down, or asks for a test's input."""
        if self._asks(node):
            return "asks for a test's input"
        if any(self._holds_answer(value) for value in _written_values(node)):
            return "writes down a test's answer"
        return None

    def _asks(self, node: ast.AST) -> bool:
        asking = node.pattern if isinstance(node, ast.match_case) else node
        is_question = isinstance(asking, ast.Compare | ast.pattern)
        return is_question and not self.inputs.isdisjoint(worths(asking))

    def _holds_answer(self, node: ast.AST) -> bool:
        if not self.answers.isdisjoint(worths(node)):
            return True
        return any(self._tells_answer(text) for text in texts(node))

    def _tells_answer(self, text: str) -> bool:
        """Whether an answer is a part of a longer text."""
        if not self.answers.isdisjoint(numbers_in(text)):
            return True
        words = (answer[1:-1] for answer in self.answers if answer[:1] in "'\"")
        return any(is_telling(word) and word in text for word in words)


def _written_values(node: ast.AST) -> Iterator[ast.AST]:
    """The values that a piece of code puts somewhere, or gives back."""
    match node:
        case (
            ast.Return(value=ast.expr() as value)
            | ast.Yield(value=ast.expr() as value)
            | ast.Assign(value=value)
            | ast.AnnAssign(value=ast.expr() as value)
            | ast.AugAssign(value=value)
            | ast.NamedExpr(value=value)
            | ast.For(iter=value)
        ):
            yield value
        case ast.Dict() | ast.IfExp() | ast.Lambda() | ast.match_case():
            yield node
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.args.defaults
            yield from filter(None, node.args.kw_defaults)
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name in _PUTTING:
            yield from args
        case _:
            return


def read_expectations(tests: Iterable[ast.AST]) -> Expectations:
    """The expectations of these tests, and of what belongs to them (`with_helpers`)."""
    answers: set[str] = set()
    literals: set[str] = set()
    names: set[str] = set()
    for test in tests:
        literals |= set(worths(test))
        answers |= {text for node in ast.walk(test) for text in _answers(node)}
        answers |= set(_kept_values(test))
        names |= set(_read_names(test))
    return Expectations(
        answers=frozenset(answers),
        inputs=frozenset(literals),
        data_files=_data_files(literals),
        names=frozenset(names),
    )


def with_helpers(test: ast.AST, files: Iterable[ast.Module]) -> tuple[ast.AST, ...]:
    """A test with the fixtures, constants and functions that it uses, in these files."""
    steps = [step for file in files for step in _steps(file)]
    there = [(name, step) for step in steps for name in _names_of(step)]
    found: list[ast.AST] = [test]
    for user in found:  # grows as it goes
        used = _mentioned(user)
        found += [node for name, node in there if name in used and node not in found]
    return tuple(found)


def _steps(file: ast.Module) -> Iterator[ast.stmt]:
    """What a file defines, at its top and in its classes."""
    for step in file.body:
        yield from step.body if isinstance(step, ast.ClassDef) else [step]


def _names_of(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            return


def _mentioned(tree: ast.AST) -> set[str]:
    """Names in the code, and of the arguments: a fixture is one."""
    return set(filter(None, map(_mentioned_name, ast.walk(tree))))


def _mentioned_name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return name
        case _:
            return None


def _read_names(tree: ast.AST) -> Iterator[str]:
    """What is read of other modules, but not called: `core.TOLERANCE`."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if id(node) in called:
            continue
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


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
                yield from worths(side)
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name.startswith("assert"):
            for argument in args:
                yield from worths(argument)
        case ast.Call(func=ast.Attribute(attr="parametrize"), args=[_, table, *_]):
            yield from worths(table)
        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
            yield from worths(value)  # of a fixture or a helper
        case _:
            return


def _kept_values(helper: ast.AST) -> Iterator[str]:
    """What a constant beside the tests is worth: `TOTAL = 50`."""
    match helper:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            yield from worths(value)
        case _:
            return


def _data_files(literals: Iterable[str]) -> frozenset[str]:
    """Names of files and folders among the literals: `'data/expected.json'`."""
    paths = (PurePosixPath(text.strip("'\"")) for text in literals if text[:1] in "'\"")
    found = (path for path in paths if " " not in path.name)
    return frozenset(part for path in found for part in path.parts if part not in {"/", ".", ".."})
