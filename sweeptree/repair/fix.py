"""The CI Fixer: run the tests, sort what fails, climb the ladder, hand over what the gate accepts.

Everything happens in worktrees that are thrown away; the user's own tree stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeptree import worktrees
from sweeptree.errors import SweeptreeError, UsageError
from sweeptree.publish.checks import (
    CaseState,
    Runner,
    TestCase,
    TestResults,
    Verdict,
    capture_in,
    capture_tests,
    find_test_command,
    judge,
)
from sweeptree.publish.checks.protected import find_protection
from sweeptree.publish.checks.running import link_environments
from sweeptree.publish.delivery import Context
from sweeptree.repair.command_agent import CommandAgent
from sweeptree.repair.decision import FixDecision, FixState
from sweeptree.repair.delivery import deliver_fix
from sweeptree.repair.deterministic import Deterministic
from sweeptree.repair.environment_errors import sort_failure
from sweeptree.repair.failures import FailureKind, FailureReport
from sweeptree.repair.flaky import find_flaky
from sweeptree.repair.ladder import Attempt, AttemptState, chosen, climb
from sweeptree.repair.model_agent import ModelAgent, check_model
from sweeptree.repair.page import make_page
from sweeptree.repair.proposal import Rung, RungName
from sweeptree.repair.report import write_files
from sweeptree.repair.search_rung import SearchRung
from sweeptree.repair.spec import CIFixSpec
from sweeptree.repair.subject import Subject, find_subject
from sweeptree.repair.workbench import Workbench
from sweeptree.repository.repository import OURS

CHEAP, COSTLY = 60.0, 900.0  # seconds for a rung without a model, and with one
_NO_TESTS, _USAGE = 5, 4  # pytest's exit codes
_NOT_STARTED = (126, 127)  # the shell's
_LAST = 400
_OTHER_KINDS = {
    FailureKind.ENVIRONMENT: "for what the machine lacks",
    FailureKind.FLAKY: "that passed when run again",
}


@dataclass(frozen=True, slots=True)
class Fixer:
    """One run of the CI Fixer on one subject."""

    spec: CIFixSpec
    context: Context
    subject: Subject
    command: str
    capabilities: tuple[Any, ...] = ()

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A fresh worktree of the commit, with the environments that the test command names."""
        repo = self.subject.repo
        with worktrees.temporary_worktree(repo, self.subject.commit) as top:
            link_environments(repo, top, self.command)
            yield top

    def capture(self, only: tuple[str, ...] = ()) -> TestResults:
        """Run the tests, or only the named ones, in a fresh worktree."""
        subject, timeout = self.subject, self.spec.timeout
        return capture_tests(subject.repo, subject.commit, self.command, timeout, only=only)

    def rungs(self) -> Iterator[Rung]:
        """The ladder, the cheapest first; only what was asked for is on it."""
        spec, subject = self.spec, self.subject
        cheap, costly = spec.budget or CHEAP, spec.budget or COSTLY
        repo, commit = subject.repo, subject.commit
        yield Rung(RungName.DETERMINISTIC, Deterministic(repo, commit).propose, cheap)
        if spec.fixer_cmd is not None:
            agent = CommandAgent(repo, commit, spec.fixer_cmd, spec.keep_env, self.context.state)
            yield Rung(RungName.COMMAND, agent.propose, costly)
        if spec.model is not None:
            model = ModelAgent(commit, spec.model, self.workbench, self.capabilities)
            yield Rung(RungName.MODEL, model.propose, costly)
        yield Rung(RungName.SEARCH, SearchRung(repo).propose, cheap)

    def workbench(self, report: FailureReport, top: Path) -> Workbench:
        """What a model works with in a worktree."""
        names = tuple(case.node_id for case in report.real)

        def run() -> TestResults:
            return capture_in(
                top,
                self.command,
                self.spec.timeout,
                subfolder=self.subject.repo.subfolder,
                only=names,
            )

        subject = self.subject
        protection = find_protection(subject.repo.start, subject.commit, report.results)
        return Workbench(top, report.files, run, protection.covers)

    def judge(self, report: FailureReport) -> Callable[[bytes], Verdict]:
        """The gate for these failing tests."""
        subject, before = self.subject, report.to_fix
        seconds = self.spec.budget or COSTLY

        def judge_patch(patch: bytes) -> Verdict:
            return judge(subject.repo, subject.commit, patch, before, self.command, seconds)

        return judge_patch


def fix(spec: CIFixSpec, context: Context, capabilities: tuple[Any, ...] = ()) -> FixDecision:
    """Repair what fails, as far as the gate accepts it.

    `capabilities`: what the engine adds to a model's agent. Raises UsageError, Refused, GitError;
    a patch that could not be delivered is part of the decision.
    """
    if spec.model is not None:
        check_model(spec.model)
    with find_subject(spec, context) as subject:
        fixer = Fixer(spec, context, subject, _command(subject, spec), capabilities)
        decision = _decide(fixer)
        done = decision.chosen
        if spec.apply_patch and done is not None:
            decision = _delivered(fixer, decision, done)
        return write_files(decision, subject.repo.top / OURS)


def _command(subject: Subject, spec: CIFixSpec) -> str:
    """The test command: as given, else as the commit itself says."""
    if spec.test_command is not None:
        return spec.test_command
    with worktrees.temporary_worktree(subject.repo, subject.commit) as top:
        return find_test_command(top, None)


def _decide(fixer: Fixer) -> FixDecision:
    results = fixer.capture()
    report = _sorted(fixer, results)
    if results.is_green:
        state = FixState.NOTHING_TO_FIX
        count = len(results.passed)
        told = f"all {count} tests pass" if count else f"`{results.command}` succeeds"
        return _decision(fixer, report, state, told)
    if not results.is_complete:
        reason = f"the tests did not end within {fixer.spec.timeout:g} s: nothing is known of them"
        return _decision(fixer, report, FixState.UNFINISHED, reason)
    report = report.with_flaky(find_flaky(report, fixer.capture))
    if not report.real:
        return _decision(fixer, report, FixState.NOT_FIXED, _others(report))
    attempts = climb(report, fixer.rungs(), fixer.judge(report), fixer.place)
    return _climbed(fixer, report, attempts)


def _climbed(fixer: Fixer, report: FailureReport, attempts: tuple[Attempt, ...]) -> FixDecision:
    done = chosen(attempts)
    if done is None:
        reason = f"no patch for {_tests(len(report.real))} passed the gate"
        return _decision(fixer, report, FixState.NOT_FIXED, reason, attempts)
    if done.state is AttemptState.NEEDS_PERSON:
        reason = f"a patch passes and needs a person, because {done.flags[0].rule}: {done.note}"
        return _decision(fixer, report, FixState.NEEDS_PERSON, reason, attempts)
    reason = f"{_tests(len(report.real))} fixed: {done.note}"
    if report.others:
        reason = f"{reason}; {_others(report)}"
        return _decision(fixer, report, FixState.PARTLY_FIXED, reason, attempts)
    return _decision(fixer, report, FixState.FIXED, reason, attempts)


def _decision(
    fixer: Fixer,
    report: FailureReport,
    state: FixState,
    reason: str,
    attempts: tuple[Attempt, ...] = (),
) -> FixDecision:
    subject = fixer.subject
    return FixDecision(
        state,
        reason,
        subject.name,
        subject.commit,
        report,
        attempts,
        warnings=subject.warnings,
    )


def _sorted(fixer: Fixer, results: TestResults) -> FailureReport:
    """The failing tests by their kinds. Raises UsageError where nothing was tested at all."""
    _check_tested(results)
    files = fixer.subject.files
    known = frozenset(files)
    failures = tuple(sort_failure(case, known) for case in _failing(results))
    return FailureReport(results, failures, files, fixer.subject.changed)


def _check_tested(results: TestResults) -> None:
    last = results.tail.strip()[-_LAST:].splitlines()[-1:]
    if results.exit_code in _NOT_STARTED and not results.cases:
        why = f": {last[0]}" if last else ""
        hint = "give another one with --test_command"
        raise UsageError(f"`{results.command}` cannot be run{why}", hint=hint)
    if results.runner is Runner.PYTEST and results.exit_code == _USAGE and not results.cases:
        raise UsageError(f"pytest does not take `{results.command}`: {''.join(last)}")
    if _has_no_tests(results):
        raise UsageError(
            f"`{results.command}` found no tests",
            hint="give another one with --test_command",
        )


def _has_no_tests(results: TestResults) -> bool:
    if results.runner is Runner.EXIT_CODE or results.cases:
        return False
    return results.is_complete and results.exit_code in (0, _NO_TESTS)


def _failing(results: TestResults) -> tuple[TestCase, ...]:
    """The failing tests; of a command that tells none, the command itself as one."""
    if results.failing or results.is_green:
        return tuple(case for case in results.cases if case.state.is_failing)
    whole = TestCase(
        node_id=results.command,
        state=CaseState.ERROR,
        message=_ending(results),
        trace=results.tail,
        seconds=results.seconds,
    )
    return (whole,)


def _ending(results: TestResults) -> str:
    if results.exit_code is None:
        return f"it did not end by itself: {results.reason or 'it was stopped'}"
    return f"it ended with exit code {results.exit_code}"


def _tests(count: int) -> str:
    return "1 failing test" if count == 1 else f"{count} failing tests"


def _others(report: FailureReport) -> str:
    """How many failing tests no patch is proposed for, and what the first needs."""
    counts = {
        kind: sum(each.kind is kind for each in report.others)
        for kind in (FailureKind.ENVIRONMENT, FailureKind.FLAKY)
    }
    words = [f"{count} {_OTHER_KINDS[kind]}" for kind, count in counts.items() if count]
    return f"no patch is proposed for {' and '.join(words)}: {report.others[0].advice}"


def _delivered(fixer: Fixer, decision: FixDecision, done: Attempt) -> FixDecision:
    """With the pull request, or with the reason why there is none."""
    page = make_page(decision)
    try:
        made = deliver_fix(fixer.subject, done, page, fixer.spec.remote, fixer.context)
    except SweeptreeError as error:
        reason = f"{decision.reason}; it could not be delivered: {error.message}"
        return replace(decision, state=FixState.UNDELIVERED, reason=reason)
    warnings = (*decision.warnings, *made.warnings, *made.hints)
    return replace(decision, delivered=made, warnings=warnings)
