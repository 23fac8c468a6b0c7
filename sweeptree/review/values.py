"""What a review is made of: findings, how each check ended, and the review itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sweeptree.errors import UsageError


class Severity(StrEnum):
    """How much a finding weighs. The verdict follows from blockers alone."""

    BLOCKER = "blocker"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful, at a place in the reviewed commit.

    `line` and `end`: first and last line, from 1; 0: the file as a whole. `suggestion`: what could
    stand in place of those lines. `is_apart`: it is about the whole change, so it counts outside
    the added lines too; `is_on_diff`: it stands on an added line. `others`: rules that say
    something of the same line. `key` tells equal findings of base and head; `fingerprint` is unique
    within a review and survives moved lines.
    """

    path: str
    line: int
    rule: str
    tool: str
    severity: Severity
    message: str
    end: int = 0
    suggestion: str | None = None
    is_apart: bool = False
    is_on_diff: bool = False
    others: tuple[str, ...] = ()
    key: str = ""
    fingerprint: str = ""

    @property
    def place(self) -> str:
        """path:line, or the path alone."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def last_line(self) -> int:
        """The last line that it is about."""
        return max(self.end, self.line)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found at the head, and (`before`) at the merge base.

    `note`: what it did, or why it did not run.
    """

    name: str
    findings: tuple[Finding, ...] = ()
    before: tuple[Finding, ...] = ()
    note: str = ""
    is_run: bool = True
    seconds: float = 0.0


def not_run(name: str, why: str) -> CheckResult:
    """The result of a check that could not be made. It is never an error."""
    return CheckResult(name, note=why, is_run=False)


@dataclass(frozen=True, slots=True)
class CheckRun:
    """How a check ended, for the reader: what ran, what did not and why. Seconds."""

    name: str
    is_run: bool
    note: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """How to review.

    `test_command` None: the repository's own. Seconds: `timeout` of one run of the tests, `budget`
    of all the runs that revert a hunk. `allow_forks`: run a stranger's code too.
    """

    test_command: str | None = None
    run_tests: bool = True
    timeout: float = 1800.0
    budget: float = 300.0
    base: str | None = None
    remote: str = "origin"
    repo: str | None = None
    allow_forks: bool = False
    post: bool = False

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.budget < 0:
            raise UsageError("--timeout and --budget are lengths of time", hint="write 90s or 30m")
        if self.test_command is not None and not self.test_command.strip():
            raise UsageError("the test command is empty", hint="--no_tests runs no tests")


@dataclass(frozen=True, slots=True)
class Review:
    """A review of one commit against its merge base. Findings are sorted, the gravest first.

    `posted`: what the pull request was told; `is_unposted`: it should have been, and could not.
    """

    subject: str
    base: str
    head: str
    files: int
    added: int
    removed: int
    findings: tuple[Finding, ...]
    checks: tuple[CheckRun, ...]
    warnings: tuple[str, ...] = ()
    posted: tuple[str, ...] = ()
    is_unposted: bool = False
    url: str | None = None

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """What stands in the way."""
        return of_severity(self.findings, Severity.BLOCKER)

    @property
    def is_blocked(self) -> bool:
        """Whether anything stands in the way."""
        return bool(self.blockers)


def legible(text: str) -> str:
    """A text that can be written as UTF-8: names of files and branches are bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def of_severity(findings: Iterable[Finding], severity: Severity) -> tuple[Finding, ...]:
    """The findings of one severity, in their order."""
    return tuple(finding for finding in findings if finding.severity is severity)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, then by place."""

    def rank(finding: Finding) -> tuple[int, str, int, str]:
        return finding.severity.rank, finding.path, finding.line, finding.rule

    return tuple(sorted(findings, key=rank))
