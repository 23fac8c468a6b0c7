"""Whether tests are as good after a patch as a fix has to make them. Pure.

What passed and was not run, was skipped or is expected to fail now does not count as passed.
"""

from __future__ import annotations

from collections.abc import Iterator

from sweeptree.publish.checks.results import CaseState, Runner, TestCase, TestResults


def find_objections(before: TestResults, after: TestResults) -> tuple[str, ...]:
    """Why these results do not show that the patch is a fix, one line each; none if they do."""
    if not after.is_complete:
        return (f"the test run did not come to its end: {after.reason or 'it was cut short'}",)
    if after.runner is not before.runner:
        return (f"the tests were told by {before.runner} before, and by {after.runner} now",)
    if after.runner is Runner.EXIT_CODE:
        return tuple(_exit_objections(after))
    return (
        *_target_objections(before, after),
        *_regressions(before, after),
        *_count_objections(before, after),
        *_exit_objections(after),
        *_machinery_objections(before, after),
    )


def expand_files(targets: tuple[str, ...], after: TestResults) -> tuple[str, ...]:
    """The targets as tests: in place of a file that could not be collected, its tests."""
    known = after.by_id()
    found: list[str] = []
    for target in targets:
        inside = [node_id for node_id in known if node_id.startswith(_prefix(target))]
        found += inside if _is_file(target) and inside else [target]
    return tuple(dict.fromkeys(found))


def _prefix(path: str) -> str:
    """What the tests begin with that a broken file keeps from running: `conftest.py` a folder."""
    folder, _, name = path.rpartition("/")
    if name == "conftest.py":
        return f"{folder}/" if folder else ""
    return f"{path}::"


def _target_objections(before: TestResults, after: TestResults) -> Iterator[str]:
    known = after.by_id()
    for target in before.targets:
        is_mended = (
            _is_file_mended(target, after) if _is_file(target) else _has_passed(known.get(target))
        )
        if not is_mended:
            yield f"{target} failed before and {_told(known.get(target))}"


def _is_file(node_id: str) -> bool:
    return "::" not in node_id


def _has_passed(case: TestCase | None) -> bool:
    return case is not None and case.state is CaseState.PASSED


def _is_file_mended(path: str, after: TestResults) -> bool:
    """Whether a file that could not be collected has tests now, and one of them passes."""
    if path in after.by_id():
        return _has_passed(after.by_id()[path])
    return any(node_id.startswith(_prefix(path)) for node_id in after.passed)


def _told(case: TestCase | None) -> str:
    if case is None:
        return "was not run now"
    words = f": {case.message}" if case.message else ""
    return f"is {case.state} now{words}"


def _regressions(before: TestResults, after: TestResults) -> Iterator[str]:
    known, failed = after.by_id(), set(before.failing)
    for node_id in before.passed:
        if not _has_passed(known.get(node_id)):
            yield f"{node_id} passed before and {_told(known.get(node_id))}"
    passed = set(before.passed)
    for case in after.cases:
        if case.state.is_failing and case.node_id not in failed | passed:
            yield f"{case.node_id} is new and {case.state}: {case.message}"


def _count_objections(before: TestResults, after: TestResults) -> Iterator[str]:
    if after.collected < before.collected:
        yield f"{after.collected} tests were found, {before.collected} before"
    is_file_mended = any(_is_file(target) for target in before.targets)
    if after.deselected > before.deselected and not is_file_mended:
        yield f"{after.deselected} tests were left out, {before.deselected} before"


def _exit_objections(after: TestResults) -> Iterator[str]:
    codes = {after.exit_code, *after.runner_codes}
    if not after.failing and codes != {0}:
        told = ", ".join(str(code) for code in sorted(code for code in codes if code))
        yield f"no test failed, but the exit code was {told}"
    if after.failing and after.exit_code == 0 and not any(after.runner_codes):
        yield "tests failed, but the exit code was 0"


def _machinery_objections(before: TestResults, after: TestResults) -> Iterator[str]:
    new = set(after.changed_machinery) - set(before.changed_machinery)
    if new:
        yield f"the run changed what decides about results: {', '.join(sorted(new)[:5])}"
