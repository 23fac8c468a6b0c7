"""The report of the CI Fixer as Markdown. Pure. Text of others formats nothing and pings nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweeptree.publish.checks import RedFlag, TestCase
from sweeptree.publish.delivery.body import code, fenced, plain
from sweeptree.repair.decision import FixDecision
from sweeptree.repair.failures import Failure, FailureKind
from sweeptree.repair.ladder import Attempt, AttemptState
from sweeptree.repair.proposal import RungName

_MOST_TESTS, _MOST_DETAILS, _MOST_LINES = 50, 10, 300
_TRACE, _OUTPUT, _MESSAGE = 2000, 1000, 200
_RUNGS = {
    RungName.DETERMINISTIC: "deterministic",
    RungName.COMMAND: "coding agent",
    RungName.MODEL: "model",
    RungName.SEARCH: "search",
}
_BY_SEARCH = (
    "**Found by search**: it passes the tests, which is all that is known of it. Read it before "
    "you merge it."
)


def make_page(decision: FixDecision) -> str:
    """The whole report."""
    parts = [
        f"### CI Fixer: {decision.state.value.replace('-', ' ')}",
        f"**{plain(decision.reason)}**",
        "\n".join(_facts(decision)),
        _failing(decision.report.failures),
        _attempts(decision.attempts),
        _patch(decision.chosen),
        _alternatives(decision.attempts),
        "\n\n".join(_details(decision.report.failures)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _facts(decision: FixDecision) -> Iterator[str]:
    results = decision.report.results
    yield f"- {plain(decision.subject)} at `{decision.commit[:12]}`"
    yield f"- tests: {code(results.command)}, {results.seconds:.1f} s"
    yield f"- before: {len(results.passed)} passed, {len(decision.report.failures)} failing"
    done = decision.chosen
    if done is not None and done.after is not None:
        after = done.after
        yield f"- after: {len(after.passed)} passed, {len(after.failing)} failing"
    if decision.delivered is not None and decision.delivered.pull is not None:
        yield f"- {decision.delivered.pull.url}"
    for line in decision.warnings:
        yield f"- {plain(line)}"


def _failing(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    rows = [_row(each) for each in failures[:_MOST_TESTS]]
    more = len(failures) - _MOST_TESTS
    rest = [f"\n{more} more failing tests are in report.json"] if more > 0 else []
    head = ["**Failing tests**\n", "| test | kind | message | where |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, *rest])


def _row(failure: Failure) -> str:
    case = failure.case
    message = case.message if failure.kind is FailureKind.REAL else failure.advice
    cells = (case.node_id, failure.kind.value, message[:_MESSAGE], where(case))
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"


def where(case: TestCase) -> str:
    """The line of the user's code that a test ended in; empty where it is not known."""
    return f"{case.frame.path}:{case.frame.line}" if case.frame is not None else ""


def _attempts(attempts: Sequence[Attempt]) -> str:
    tried = [each for each in attempts if each.state is not AttemptState.ALTERNATIVE]
    if not tried:
        return ""
    return "\n".join(["**What was tried**\n", *(_attempt(each) for each in tried)])


def _attempt(attempt: Attempt) -> str:
    words = [f"- {_RUNGS[attempt.rung]}: **{attempt.state.value.replace('-', ' ')}**"]
    cost = f", {attempt.cost}" if attempt.cost else ""
    if attempt.seconds:
        words.append(f"({attempt.seconds:.1f} s{cost})")
    if attempt.note:
        words.append(plain(attempt.note))
    looks = [f"  - look at {_flag(flag)}" for flag in attempt.flags]
    return "\n".join([" ".join(words), *(f"  - {plain(each)}" for each in attempt.reasons), *looks])


def _flag(flag: RedFlag) -> str:
    if not flag.path:
        return plain(flag.rule)
    return f"{code(f'{flag.path}:{flag.line}')}: {plain(flag.rule)}"


def _patch(attempt: Attempt | None) -> str:
    if attempt is None:
        return ""
    text = attempt.patch.decode("utf-8", "replace")
    lines = text.splitlines()
    shown = "\n".join(lines[:_MOST_LINES])
    warning = "".join(f"> {line}\n>\n" for line in _warnings(attempt))
    more = len(lines) - _MOST_LINES
    rest = f"\n\n({more} more lines are in fix.patch)" if more > 0 else ""
    block = fenced(shown, "diff")
    return f"**The patch**\n\n{warning}\n{block}{rest}"


def _warnings(attempt: Attempt) -> Iterator[str]:
    """What a person must know before they take the patch."""
    if attempt.rung is RungName.SEARCH:
        yield _BY_SEARCH
    for flag in attempt.flags:
        yield f"**Read it before you merge it**: {plain(flag.rule)}"


def _alternatives(attempts: Sequence[Attempt]) -> str:
    others = [each for each in attempts if each.state is AttemptState.ALTERNATIVE]
    if not others:
        return ""
    lines = [f"- {plain(each.note)}" for each in others]
    return "\n".join(["**Others that were found, and not judged**\n", *lines])


def _details(failures: Sequence[Failure]) -> Iterator[str]:
    for failure in failures[:_MOST_DETAILS]:
        case = failure.case
        parts = [f"#### {plain(case.node_id)}"]
        if case.trace:
            parts.append(fenced(case.trace[-_TRACE:], "text"))
        if case.output:
            parts.append(f"It printed:\n\n{fenced(case.output[-_OUTPUT:], 'text')}")
        yield "\n\n".join(parts)
