"""What the Code Reviewer is asked, and its report."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sweeptree.errors import UsageError
from sweeptree.model.fields import Border
from sweeptree.model.report import Report, ReportState
from sweeptree.review.markdown import markdown_of, verdict
from sweeptree.review.values import Finding, Review, ReviewOptions, Severity


class ReviewSpec(Border):
    """What to review, and how: the form of the Code Reviewer."""

    subject: str | None = Field(
        default=None,
        min_length=1,
        description="BASE..HEAD, or the number or URL of a pull request; default: the worktree.",
    )
    repo: Path = Field(
        default=Path(),
        description="A folder inside the repository or worktree; default: where the run starts.",
    )
    base: str | None = Field(
        default=None,
        min_length=1,
        description="For a worktree: what to compare with; default: the remote's default branch, "
        "else main.",
    )
    test_command: str | None = Field(
        default=None,
        min_length=1,
        description="How the code is tested; default: test_command under [tool.sweeptree] in "
        "pyproject.toml, make test, pytest.",
    )
    run_tests: bool = Field(
        default=True, description="Run the tests; without them only what can be read is checked."
    )
    timeout: float = Field(
        default=1800.0, gt=0, description="Seconds after which one run of the tests is stopped."
    )
    budget: float = Field(
        default=300.0,
        ge=0,
        description="Seconds for all the runs of the tests that take one hunk back.",
    )
    allow_forks: bool = Field(default=False, description="Run the tests of code from a fork too.")
    post: bool = Field(
        default=False, description="Show the review on the pull request; else nothing leaves here."
    )

    @property
    def options(self) -> ReviewOptions:
        """The same as options of a review."""
        return ReviewOptions(
            test_command=self.test_command,
            run_tests=self.run_tests,
            timeout=self.timeout,
            budget=self.budget,
            base=self.base,
            allow_forks=self.allow_forks,
            post=self.post,
        )


class FindingItem(BaseModel):
    """One finding, as the report says it."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(
        description="File, from the root of the repository; empty: none in particular"
    )
    line: int = Field(description="First line, from 1; 0: the file as a whole")
    end: int = Field(description="Last line")
    rule: str
    tool: str
    severity: Severity
    message: str
    suggestion: str | None = Field(description="What may stand in place of these lines")
    others: tuple[str, ...] = Field(description="Other rules that say something of this line")
    fingerprint: str = Field(description="The same for the same finding in later reviews")


class CheckItem(BaseModel):
    """One check: whether it ran, and what it did or why it did not."""

    model_config = ConfigDict(frozen=True)

    name: str
    is_run: bool
    note: str
    seconds: float


class ReviewReport(Report):
    """A review: its verdict, its findings (the gravest first) and the checks behind them."""

    verdict: str = Field(description="blocked or passed; it follows from blockers alone")
    subject: str = Field(description="What was reviewed")
    base: str = Field(description="The merge base that it was compared with")
    head: str = Field(description="The commit that was reviewed")
    files: int = 0
    added: int = 0
    removed: int = 0
    findings: tuple[FindingItem, ...] = ()
    checks: tuple[CheckItem, ...] = ()
    warnings: tuple[str, ...] = ()
    posted: tuple[str, ...] = Field(default=(), description="What the pull request was told")
    url: str | None = Field(default=None, description="The pull request")


def report_on(review: Review) -> ReviewReport:
    """The report on a review. A blocked change is a review that was done."""
    return ReviewReport(
        state=ReportState.DELIVERY_FAILED if review.is_unposted else ReportState.DONE,
        reason=verdict(review),
        markdown=markdown_of(review),
        verdict="blocked" if review.is_blocked else "passed",
        subject=review.subject,
        base=review.base,
        head=review.head,
        files=review.files,
        added=review.added,
        removed=review.removed,
        findings=tuple(map(_item, review.findings)),
        checks=tuple(
            CheckItem.model_validate(each, from_attributes=True) for each in review.checks
        ),
        warnings=review.warnings,
        posted=review.posted,
        url=review.url,
    )


def _item(finding: Finding) -> FindingItem:
    return FindingItem(
        path=finding.path,
        line=finding.line,
        end=finding.last_line,
        rule=finding.rule,
        tool=finding.tool,
        severity=finding.severity,
        message=finding.message,
        suggestion=finding.suggestion,
        others=finding.others,
        fingerprint=finding.fingerprint,
    )


def subject_of(spec: ReviewSpec) -> str | None:
    """What the spec names. Raises UsageError for an option that would do nothing."""
    if spec.subject is not None and spec.base is not None:
        raise UsageError("base is for a worktree only", hint="leave it out, or name BASE..HEAD")
    return spec.subject
