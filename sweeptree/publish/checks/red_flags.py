"""Lines of a patch that a person has to look at, whatever the tests say.

An honest fix may need one of them; most cheats do. Python is read by its syntax tree, other
languages by their words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.expectations import Expectations
from sweeptree.publish.checks.module_rules import (
    Finding,
    constants,
    ignored_arguments,
    module_findings,
    removes_checks,
)
from sweeptree.publish.checks.node_rules import is_silent_handler, node_rule
from sweeptree.publish.checks.verdict import RedFlag

_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN_CODINGS = {"utf-8", "utf8", "utf_8", "ascii", "us-ascii", "latin-1", "iso-8859-1"}
# A bare carriage return; characters that turn the direction of writing, or have no width.
_HIDING = re.compile("\r(?!\n)|[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060\ufeff]")
_BUILD_FILES = re.compile(
    r"(^|/)(setup\.py|package(-lock)?\.json|Cargo\.(toml|lock)|go\.(mod|sum)|Dockerfile.*"
    r"|requirements[^/]*\.txt|[^/]*\.lock|CMakeLists\.txt|build\.rs|environment\.ya?ml)$"
)
_TEST_HELPERS = re.compile(r"(^|/)(testing|test_?utils?|test_?helpers?|testkit)(/|\.py$)")
_WORDS = re.compile(
    r"process\.exit|os\.Exit|\bt\.Skip|\.(only|skip)\(|\bxit\(|#\[ignore|#\[cfg\(|\|\| *true\b"
    r"|set \+e|continue-on-error|PYTEST_CURRENT_TEST|pragma: no cover|exit 0"
)
_SPREAD = (ast.Constant, ast.Dict, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
_PYTHON = (".py", ".pyi", ".pyx")
_SOURCE = (".js", ".ts", ".jsx", ".tsx", ".go", ".rs", ".sh", ".c", ".cpp", ".h", ".java", ".rb")


def find_red_flags(edits: Iterable[FileEdit], expected: Expectations) -> tuple[RedFlag, ...]:
    """What is suspicious in these edits; `expected`: what the failing tests compare with."""
    found = [flag for edit in edits for flag in _flags_in(edit, expected)]
    return tuple(dict.fromkeys(found))


def _flags_in(edit: FileEdit, expected: Expectations) -> Iterator[RedFlag]:
    added = edit.added_lines()
    for rule in _file_rules(edit, expected):
        yield RedFlag(edit.path, min(added, default=1), rule, "")
    if edit.path.endswith(_PYTHON):
        yield from _flags_in_python(edit, added, expected)
    elif edit.path.endswith(_SOURCE):
        yield from _flags_by_words(edit.path, added)


def _file_rules(edit: FileEdit, expected: Expectations) -> Iterator[str]:
    """What a file is, whatever stands in it."""
    if edit.old is None and _module_name(edit.path) in expected.modules:
        yield "stands before an installed module"
    if _BUILD_FILES.search(edit.path):
        yield "changes how it is built"
    if _TEST_HELPERS.search(edit.path):
        yield "may be a helper of tests"
    if _is_read_by_tests(edit.path, expected):
        yield "changes data that a test reads"


def _is_read_by_tests(path: str, expected: Expectations) -> bool:
    """Whether a test mentions the file, or a folder in which it is data."""
    parts = PurePosixPath(path).parts
    mentioned = parts[-1:] if path.endswith(_PYTHON) else parts
    return not expected.data_files.isdisjoint(mentioned)


def _module_name(path: str) -> str:
    """The module that a file at the top or below `src` is, or belongs to."""
    return path.removeprefix("src/").partition("/")[0].removesuffix(".py")


def _flags_by_words(path: str, added: dict[int, str]) -> Iterator[RedFlag]:
    for number, line in added.items():
        if _WORDS.search(line):
            yield RedFlag(path, number, "evades tests", line.strip())


def _flags_in_python(
    edit: FileEdit, added: dict[int, str], expected: Expectations
) -> Iterator[RedFlag]:
    yield from _hidden_code(edit.path, added)
    new, old = _parsed(edit.new_text), _parsed(edit.old_text)
    if new is None:
        yield from _flags_by_words(edit.path, added)
        return
    for node, rule in _findings(new, expected):
        line = _new_line(node, added)
        if line is not None:
            yield RedFlag(edit.path, line, rule, added[line].strip())
    if old is not None and edit.new is not None:
        yield from _flags_of_change(edit, old, new)


def _flags_of_change(edit: FileEdit, old: ast.Module, new: ast.Module) -> Iterator[RedFlag]:
    """What only both versions together tell."""
    if removes_checks(old, new):
        yield RedFlag(edit.path, min(edit.added_lines(), default=1), "removes a check", "")
    for name, line in ignored_arguments(old, new):
        yield RedFlag(edit.path, line, "does not look at its arguments", name)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _findings(new: ast.Module, expected: Expectations) -> Iterator[Finding]:
    """What is suspicious in a file; whether it is new is for the caller to see."""
    for node in ast.walk(new):
        rule = node_rule(node) or expected.rule(node)
        if rule is not None:
            yield node, rule
    yield from module_findings(new)
    for name, statement in constants(new):
        if name in expected.names:
            yield statement, "changes a value that a test reads"


def _hidden_code(path: str, added: dict[int, str]) -> Iterator[RedFlag]:
    """Lines that Python reads otherwise than people do."""
    for number, line in added.items():
        coding = _CODING.match(line) if number <= 2 else None
        if coding and coding[1].lower() not in _PLAIN_CODINGS:
            yield RedFlag(path, number, "hides code in its encoding", line.strip())
        if _HIDING.search(line):
            yield RedFlag(path, number, "hides lines", line.strip())


def _new_line(node: ast.AST, added: dict[int, str]) -> int | None:
    """The line by which a piece of code is new."""
    return next((line for line in _span(node) if line in added), None)


def _span(node: ast.AST) -> range:
    """The lines that make a piece of code what it is.

    Of what spreads over lines all count; of a block that holds other statements its first.
    """
    first = getattr(node, "lineno", None)
    if first is None:
        return range(0)
    is_whole = isinstance(node, _SPREAD) or is_silent_handler(node)
    last = getattr(node, "end_lineno", None) if is_whole else None
    return range(first, (last or first) + 1)
