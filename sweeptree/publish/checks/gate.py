"""The gate: does a patch mend what failed, honestly?

Every patch passes here before anything is done with it, whoever made it. In this order: may it be
tested at all; all tests with it; the mended ones twice more, and changed so that they must fail;
whether they fail without it; the least part of it that mends them; all tests with that part.

The code under test runs in the process of the tests, so no result is beyond doubt: what looks as if
it decides about results itself goes to a person (`Verdict.flags`).
"""

from __future__ import annotations

import ast
import dataclasses
import time
from collections.abc import Iterator

from sweeptree.errors import Refused
from sweeptree.publish.checks.admission import Admitted, admit, tree_of
from sweeptree.publish.checks.comparing import expand_files
from sweeptree.publish.checks.controls import find_test
from sweeptree.publish.checks.counterchecks import check_again, run_all, smallest
from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.expectations import (
    imported_modules,
    read_expectations,
    with_helpers,
)
from sweeptree.publish.checks.protected import find_protection, is_doctest
from sweeptree.publish.checks.red_flags import find_red_flags
from sweeptree.publish.checks.results import Runner, TestResults
from sweeptree.publish.checks.trial import Objection, Trial
from sweeptree.publish.checks.verdict import RedFlag, Verdict
from sweeptree.repository import Repository, patches, resolve_base

_Tested = tuple[str, tuple[FileEdit, ...], TestResults]  # a tree, its edits, its tests


def judge(
    repo: Repository,
    base: str,
    patch: bytes,
    before: TestResults,
    command: str,
    budget_seconds: float,
) -> Verdict:
    """Test a patch on top of the commit `base`, in fresh worktrees, against the results without it.

    `before.targets` have to pass, and what passed has to pass still. A patch that is refused is a
    value, not an error. Raises UsageError when there is no such commit.
    """
    began = time.monotonic()
    commit = resolve_base(repo, base).commit
    protection = find_protection(repo.start, commit, before)
    trial = Trial(repo, commit, before, command, protection, began + budget_seconds)
    verdict = _judged(trial, patch)
    return dataclasses.replace(verdict, seconds=time.monotonic() - began)


def _judged(trial: Trial, patch: bytes) -> Verdict:
    try:
        _check_question(trial.before)
        admitted = admit(trial.top, trial.base, patch, trial.protection)
    except Refused as refused:
        return Verdict(is_accepted=False, reasons=(refused.message,))
    refusal = Verdict(
        is_accepted=False,
        flags=_flags(trial, admitted.edits),
        patch=patches.patch_between(trial.top, trial.base, admitted.tree),
        dropped=admitted.dropped,
    )
    try:
        return _tested(trial, admitted)
    except Objection as objection:
        return dataclasses.replace(refusal, reasons=objection.reasons, after=objection.after)


def _check_question(before: TestResults) -> None:
    is_unread = before.runner is Runner.EXIT_CODE
    is_broken = before.exit_code != 0 if is_unread else bool(before.targets)
    if not is_broken:
        raise Refused("no test failed before, so there is nothing to mend")


def _tested(trial: Trial, admitted: Admitted) -> Verdict:
    """The verdict on a patch that mends what failed. Raises Objection for all others."""
    after = run_all(trial, admitted.tree)
    edits, extra = admitted.edits, (*_unread_results(after), *_written_data(trial, after))
    if after.runner is Runner.PYTEST:
        targets = expand_files(trial.before.targets, after)
        if not check_again(trial, admitted.tree, targets):
            extra += (RedFlag("", 0, "no test could be changed to see whether it fails", ""),)
        edits = smallest(trial, edits, targets, after)
    tree = tree_of(trial.top, trial.base, edits, admitted.tree)
    if tree != admitted.tree:
        tree, edits, after = _confirmed(trial, (tree, edits, after), admitted)
    return Verdict(
        is_accepted=True,
        flags=(*extra, *_flags(trial, edits)),
        patch=patches.patch_between(trial.top, trial.base, tree),
        after=after,
        dropped=admitted.dropped,
    )


def _confirmed(trial: Trial, smaller: _Tested, admitted: Admitted) -> _Tested:
    """The smaller patch if all tests agree to it, else the one that they have agreed to."""
    tree, edits, after = smaller
    try:
        return tree, edits, run_all(trial, tree)
    except Objection:
        return admitted.tree, admitted.edits, after


def _unread_results(after: TestResults) -> tuple[RedFlag, ...]:
    if after.runner is Runner.PYTEST:
        return ()
    rule = f"nothing but the {after.runner} tells of the tests"
    if after.runner is Runner.JUNIT:
        rule = "the results are in a file that the code under test could have written"
    return (RedFlag("", 0, rule, ""),)


def _written_data(trial: Trial, after: TestResults) -> Iterator[RedFlag]:
    for path in trial.newly_written(after):
        yield RedFlag(path, 1, "was written while the tests ran", "")


def _flags(trial: Trial, edits: tuple[FileEdit, ...]) -> tuple[RedFlag, ...]:
    tests = tuple(_target_files(trial))
    conftests = tuple(_conftests(trial))
    parts = (
        part
        for target, tree in tests
        for part in with_helpers(find_test(tree, target) or tree, (tree, *conftests))
    )
    expected = dataclasses.replace(
        read_expectations(parts),
        modules=_known_modules(trial, [tree for _, tree in tests]),
    )
    return (
        *find_red_flags(edits, expected),
        *_doctest_flags(trial, edits),
        *_runner_flags(trial, edits),
    )


def _runner_flags(trial: Trial, edits: tuple[FileEdit, ...]) -> Iterator[RedFlag]:
    for edit in edits:
        if edit.path in trial.before.early_files:
            yield RedFlag(edit.path, 1, "is a part of what runs the tests", "")


def _known_modules(trial: Trial, trees: list[ast.Module]) -> frozenset[str]:
    """What the failing tests' files import from outside of the repository."""
    own = {
        path.removeprefix("src/").partition("/")[0].removesuffix(".py") for path in _paths(trial)
    }
    missing = {case.message.partition("No module named ")[2] for case in trial.before.cases}
    names = {name for tree in trees for name in imported_modules(tree)}
    return frozenset(name for name in names - own if not _is_missing(name, missing))


def _paths(trial: Trial) -> tuple[str, ...]:
    return patches.list_files(trial.top, trial.base)


def _is_missing(name: str, messages: set[str]) -> bool:
    return any(message.strip("'").partition(".")[0] == name for message in messages)


def _target_files(trial: Trial) -> Iterator[tuple[str, ast.Module]]:
    """The failing tests, each with its file as it is written."""
    for target in trial.before.targets:
        tree = _python_at(trial, target.partition("::")[0])
        if tree is not None:
            yield target, tree


def _conftests(trial: Trial) -> Iterator[ast.Module]:
    """The files whose fixtures the tests may use."""
    for path in _paths(trial):
        tree = _python_at(trial, path) if path.rpartition("/")[2] == "conftest.py" else None
        if tree is not None:
            yield tree


def _python_at(trial: Trial, path: str) -> ast.Module | None:
    try:
        return ast.parse(patches.read_file(trial.top, trial.base, path) or b"")
    except (SyntaxError, ValueError):
        return None


def _doctest_flags(trial: Trial, edits: tuple[FileEdit, ...]) -> Iterator[RedFlag]:
    tests = {target.partition("::")[0] for target in trial.before.targets if is_doctest(target)}
    for edit in edits:
        if edit.path in tests:
            yield RedFlag(edit.path, 1, "holds the test that it mends", "")
