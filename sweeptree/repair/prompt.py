"""What an agent or a model is told: the failing tests, where they fail, and what it may not do."""

from __future__ import annotations

from collections.abc import Iterator

from sweeptree.publish.checks import TestCase
from sweeptree.repair.failures import FailureReport

_MOST_TESTS = 20
_TRACE, _OUTPUT = 3000, 1000

_RULES = """\
Fix the program so that these tests pass. Edit files in the current folder; nothing else is read of
you but how the files differ afterwards.

- The smallest change that is right for every input, not only for the tests.
- Never edit tests, conftest.py, the test configuration or CI files: such edits are taken out.
- Never skip, deselect, weaken or special-case a test: the patch is judged in a fresh checkout that
  you do not see, test by test, and refused for it.
- Do not commit; do not install anything.
"""


def make_prompt(report: FailureReport) -> str:
    """The task as Markdown."""
    parts = [
        "# Failing tests\n",
        _RULES,
        f"They are run with: `{report.results.command}`\n",
        *_tests(report),
    ]
    return "\n".join(parts)


def _tests(report: FailureReport) -> Iterator[str]:
    cases = report.real
    for case in cases[:_MOST_TESTS]:
        yield "\n".join(_test(case))
    if len(cases) > _MOST_TESTS:
        yield f"... and {len(cases) - _MOST_TESTS} more failing tests.\n"
    if not cases:
        yield f"The command fails:\n\n{_quoted(report.results.tail[-_TRACE:])}"


def _test(case: TestCase) -> Iterator[str]:
    yield f"## {case.node_id}\n\n{case.message}\n"
    if case.frame is not None:
        yield f"In {case.frame.path}, line {case.frame.line}: `{case.frame.text}`\n"
    if case.trace:
        yield _quoted(case.trace[-_TRACE:])
    if case.output:
        yield f"It printed:\n\n{_quoted(case.output[-_OUTPUT:])}"


def _quoted(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
