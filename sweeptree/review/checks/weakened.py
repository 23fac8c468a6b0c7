"""Tests that ask for less than before: removed, skipped, fewer or looser assertions.

Read from the syntax trees of both sides. A test that only moved or was renamed is no finding, nor
is one that goes together with the code that it tested.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sweeptree.review.change import Change, ChangedFile
from sweeptree.review.checks.strictness import Strictness, skips_of_whole_files, strictness
from sweeptree.review.scopes import Scope, functions, parsed
from sweeptree.review.values import CheckResult, Finding, Severity

NAME = "weakened tests"
_RULE = "weakened-test"
_ALIKE = 0.6  # so much of its text must a renamed test keep
_IGNORING = re.compile(
    r"--ignore|--deselect|-k\s|collect_ignore|norecursedirs|--no-cov|continue-on-error"
)
_SETTINGS = ("conftest.py", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "noxfile.py")

_BY_LINE = (
    ("skips", "it is skipped or expected to fail now", Severity.BLOCKER),
    ("conditional_skips", "it is skipped under a condition now", Severity.WARNING),
    ("trivial", "an assertion cannot fail now", Severity.BLOCKER),
    ("swallowed", "a failing assertion is caught now", Severity.BLOCKER),
)


@dataclass(frozen=True, slots=True)
class _Test:
    path: str
    scope: Scope
    text: str

    @property
    def name(self) -> str:
        return self.scope.name.rpartition(".")[2]


def check_weakened(change: Change) -> CheckResult:
    """Every changed test compared with itself before."""
    before = [test for file in change.files for test in _tests(file, file.old)]
    after = [test for file in change.files for test in _tests(file, file.new)]
    gone = _removed_names(change)
    found: list[Finding] = []
    for old in before:
        new = _same_test(old, before, after)
        if new is not None:
            found += _compared(old, new, change)
        elif not (_names(old.scope.node) & gone):
            found.append(_removed(old, change))
    for file in change.files:
        found += _ignored(file)
        found += _skipped_whole(file)
    return CheckResult(NAME, tuple(found), note="each changed test against itself before")


def _tests(file: ChangedFile, text: str | None) -> Iterator[_Test]:
    if text is None or not (file.is_test and file.is_python):
        return
    lines = text.split("\n")
    for scope in functions(text):
        if scope.name.rpartition(".")[2].startswith("test"):
            yield _Test(file.path, scope, "\n".join(lines[scope.first - 1 : scope.last]))


def _same_test(old: _Test, before: list[_Test], after: list[_Test]) -> _Test | None:
    """The test after the change: of the same place, of the same name elsewhere, or renamed."""
    named = [each for each in after if each.scope.name == old.scope.name]
    here = [each for each in named if each.path == old.path]
    if here or named:
        return (here or named)[0]
    known = {each.scope.name for each in before}
    fresh = [each for each in after if each.scope.name not in known]
    return max((each for each in fresh if _is_alike(old, each)), key=_length, default=None)


def _length(test: _Test) -> int:
    return len(test.text)


def _is_alike(old: _Test, new: _Test) -> bool:
    return difflib.SequenceMatcher(None, old.text, new.text).ratio() >= _ALIKE


def _removed_names(change: Change) -> set[str]:
    """Functions and classes that the change takes out of the code; their tests go with them."""
    old, new = set[str](), set[str]()
    for file in change.files:
        if not file.is_python or file.is_test:
            continue
        old |= {scope.name.rpartition(".")[2] for scope in functions(file.old or "")}
        new |= {scope.name.rpartition(".")[2] for scope in functions(file.new or "")}
    return old - new


def _names(node: ast.AST) -> set[str]:
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def _removed(old: _Test, change: Change) -> Finding:
    file = change.file(old.path)
    where = "" if file is not None and file.new is not None else ", with its whole file"
    return _finding(old.path, 0, f"the test {old.scope.name} is removed{where}")


def _compared(old: _Test, new: _Test, change: Change) -> Iterator[Finding]:
    if old.text == new.text:
        return
    then, now = strictness(old.scope.node), strictness(new.scope.node)
    for line, text, severity in _losses(then, now):
        place = line or _first_added(new, change)
        yield _finding(new.path, place, f"{new.scope.name}: {text}", severity)


def _losses(then: Strictness, now: Strictness) -> Iterator[tuple[int, str, Severity]]:
    """Line (0: somewhere in the test), what was lost, and how grave that is."""
    for kind, text, severity in _BY_LINE:
        before, after = getattr(then, kind), getattr(now, kind)
        for line in after[len(before) :]:
            yield line, text, severity
    for kind, what in (("assertions", "assertions"), ("cases", "parametrized cases")):
        before, after = getattr(then, kind), getattr(now, kind)
        if after < before:
            yield 0, f"it has {after} {what}, it had {before}", Severity.BLOCKER
    yield from _looser(then, now)


def _looser(then: Strictness, now: Strictness) -> Iterator[tuple[int, str, Severity]]:
    """What is compared less strictly."""
    is_said = now.assertions < then.assertions or len(now.trivial) > len(then.trivial)
    if now.exact < then.exact and not is_said:
        yield 0, "an exact comparison became a loose one", Severity.WARNING
    if 0 < then.tolerance < now.tolerance:
        text = f"the tolerance grew from {then.tolerance:g} to {now.tolerance:g}"
        yield 0, text, Severity.BLOCKER


def _first_added(test: _Test, change: Change) -> int:
    file = change.file(test.path)
    added = file.added if file is not None else frozenset()
    inside = [line for line in added if test.scope.first <= line <= test.scope.last]
    return min(inside, default=test.scope.node.lineno)


def _skipped_whole(file: ChangedFile) -> Iterator[Finding]:
    """A module or a class whose tests are all skipped now."""
    tree = parsed(file.new or "")
    if tree is None or not (file.is_test and file.is_python):
        return
    before = parsed(file.old or "")
    known = len(skips_of_whole_files(before)) if before is not None else 0
    for line in skips_of_whole_files(tree)[known:]:
        yield _finding(file.path, line, "a whole module or class of tests is skipped now")


def _ignored(file: ChangedFile) -> Iterator[Finding]:
    """Settings by which tests are left out, or their failure does not count."""
    is_workflow = file.path.startswith(".github/workflows/")
    if file.new is None or not (is_workflow or file.path.rpartition("/")[2] in _SETTINGS):
        return
    old = (file.old or "").split("\n")
    for number, line in enumerate(file.new.split("\n"), 1):
        if number in file.added and _IGNORING.search(line) and line not in old:
            text = f"tests may be left out, or count no more: {line.strip()[:80]}"
            yield _finding(file.path, number, text, Severity.WARNING)


def _finding(path: str, line: int, text: str, severity: Severity = Severity.BLOCKER) -> Finding:
    return Finding(path, line, _RULE, "sweeptree", severity, text, is_apart=True)
