"""Failing tests, sorted: real ones, those of the environment, and those that fail now and then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sweeptree.publish.checks import TestCase, TestResults


class FailureKind(StrEnum):
    """Why a test fails, as far as it matters for a fix: only a real failure is ever patched."""

    REAL = "real"
    ENVIRONMENT = "environment"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failing test. `advice`: what a person can do about one that no patch can fix."""

    case: TestCase
    kind: FailureKind = FailureKind.REAL
    advice: str = ""


@dataclass(frozen=True, slots=True)
class FailureReport:
    """The failing tests of a commit, and the run that they come from.

    `files`: the files of the commit; `changed`: those that this work changed since it left its
    base.
    """

    results: TestResults
    failures: tuple[Failure, ...]
    files: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def real(self) -> tuple[TestCase, ...]:
        """The failing tests that a patch may fix."""
        return tuple(each.case for each in self.failures if each.kind is FailureKind.REAL)

    @property
    def others(self) -> tuple[Failure, ...]:
        """The failing tests that are never patched."""
        return tuple(each for each in self.failures if each.kind is not FailureKind.REAL)

    @property
    def to_fix(self) -> TestResults:
        """The run with the tests that are never patched excused: what a patch is judged by."""
        return self.results.excusing([each.case.node_id for each in self.others])

    def with_flaky(self, reasons: Mapping[str, str]) -> FailureReport:
        """The same with these tests (node id: how they were seen to pass) known as flaky."""
        sorted_anew = tuple(_as_flaky(each, reasons) for each in self.failures)
        return replace(self, failures=sorted_anew)


def _as_flaky(failure: Failure, reasons: Mapping[str, str]) -> Failure:
    reason = reasons.get(failure.case.node_id)
    if reason is None:
        return failure
    return replace(failure, kind=FailureKind.FLAKY, advice=reason)
