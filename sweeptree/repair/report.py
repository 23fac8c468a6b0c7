"""What the CI Fixer found and did, as its report and as files.

fix.patch             the patch; git apply takes it
alternative-1.patch   what else was proposed: alternatives, and what needs a person
report.json           the report
report.md             the same for people
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sweeptree.model import ExitCode
from sweeptree.model.report import Report, ReportState
from sweeptree.publish.checks import RedFlag
from sweeptree.repair.decision import FixDecision, FixState
from sweeptree.repair.failures import Failure
from sweeptree.repair.ladder import Attempt, AttemptState
from sweeptree.repair.page import make_page, where
from sweeptree.system.clock import utc_now
from sweeptree.system.files import write_bytes

PATCH, PAGE, REPORT = "fix.patch", "report.md", "report.json"
_HOME = "ci-fix"
_KEPT = (AttemptState.ALTERNATIVE, AttemptState.NEEDS_PERSON)
_STATES = {
    FixState.NOTHING_TO_FIX: ReportState.NOTHING_TO_DO,
    FixState.FIXED: ReportState.DONE,
    FixState.PARTLY_FIXED: ReportState.FAILED,
    FixState.NEEDS_PERSON: ReportState.FAILED,
    FixState.NOT_FIXED: ReportState.FAILED,
    FixState.UNFINISHED: ReportState.TIMED_OUT,
    FixState.UNDELIVERED: ReportState.DELIVERY_FAILED,
}
_CODES = {
    FixState.NOTHING_TO_FIX: ExitCode.OK,
    FixState.FIXED: ExitCode.OK,
    FixState.UNDELIVERED: ExitCode.STEP_FAILED,
}


class FailingTest(BaseModel):
    """One failing test: what it said, where in the user's code, and what it printed."""

    model_config = ConfigDict(frozen=True)

    node_id: str
    kind: str = Field(description="real, environment or flaky")
    message: str = ""
    where: str = Field(default="", description="The last line of the user's code, as path:line.")
    advice: str = ""
    trace: str = ""
    output: str = ""


class TriedRung(BaseModel):
    """One proposal of a rung and what came of it."""

    model_config = ConfigDict(frozen=True)

    rung: str
    state: str
    reasons: tuple[str, ...] = ()
    note: str = ""
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    cost: str | None = None
    patch_file: str | None = None


class FixReport(Report):
    """One run of the CI Fixer."""

    outcome: str = Field(description="nothing-to-fix, fixed, partly-fixed, not-fixed, ...")
    subject: str = Field(description="What was tested.")
    commit: str = ""
    command: str = ""
    passed: int = 0
    failing: tuple[FailingTest, ...] = ()
    tried: tuple[TriedRung, ...] = ()
    patch: str = Field(default="", description="The patch that passed, as text.")
    patch_file: str | None = None
    branch: str | None = None
    pr_url: str | None = None
    warnings: tuple[str, ...] = ()
    folder: str | None = Field(default=None, description="Where the files of this run are.")
    exit_code: int = 0


def report_on(decision: FixDecision) -> FixReport:
    """The report on a decision."""
    done, delivered = decision.chosen, decision.delivered
    files = patch_files(decision)
    results = decision.report.results
    return FixReport(
        state=_STATES[decision.state],
        reason=decision.reason,
        markdown=make_page(decision),
        outcome=decision.state.value,
        subject=decision.subject,
        commit=decision.commit,
        command=results.command,
        passed=len(results.passed),
        failing=tuple(_failing(each) for each in decision.report.failures),
        tried=tuple(
            _tried(each, files.get(number)) for number, each in enumerate(decision.attempts)
        ),
        patch=done.patch.decode("utf-8", "replace") if done else "",
        patch_file=_place(decision, PATCH) if done else None,
        branch=delivered.branch if delivered else None,
        pr_url=delivered.pull.url if delivered and delivered.pull else None,
        warnings=decision.warnings,
        folder=str(decision.folder) if decision.folder else None,
        exit_code=_CODES.get(decision.state, ExitCode.JOBS_FAILED),
    )


def write_files(decision: FixDecision, ours: Path) -> FixDecision:
    """Leave the files of this run in a new folder below `ours`. Returns where they are."""
    stamp = utc_now()[:19].replace(":", "").replace("-", "")
    folder = _new_folder(ours / _HOME, f"{stamp}-{decision.commit[:8]}")
    done = replace(decision, folder=folder)
    for number, name in patch_files(done).items():
        write_bytes(folder / name, done.attempts[number].patch)
    report = report_on(done)
    write_bytes(folder / PAGE, report.markdown.encode())
    write_bytes(folder / REPORT, report.model_dump_json(indent=1).encode() + b"\n")
    return done


def _new_folder(home: Path, name: str) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    for number in range(1000):
        folder = home / (f"{name}-{number}" if number else name)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{home / name} and its successors exist")


def patch_files(decision: FixDecision) -> dict[int, str]:
    """The attempts (by their place) whose patches are kept, and the names of their files."""
    files: dict[int, str] = {}
    for number, attempt in enumerate(decision.attempts):
        if attempt is decision.chosen:
            files[number] = PATCH
        elif attempt.state in _KEPT:
            files[number] = f"alternative-{len(files) + 1}.patch"
    return files


def _place(decision: FixDecision, name: str) -> str | None:
    return str(decision.folder / name) if decision.folder else None


def _failing(failure: Failure) -> FailingTest:
    case = failure.case
    return FailingTest(
        node_id=case.node_id,
        kind=failure.kind.value,
        message=case.message,
        where=where(case),
        advice=failure.advice,
        trace=case.trace,
        output=case.output,
    )


def _flag(flag: RedFlag) -> str:
    return f"{flag.path}:{flag.line}: {flag.rule}" if flag.path else flag.rule


def _tried(attempt: Attempt, file: str | None) -> TriedRung:
    return TriedRung(
        rung=attempt.rung.value,
        state=attempt.state.value,
        reasons=attempt.reasons,
        note=attempt.note,
        flags=tuple(_flag(each) for each in attempt.flags),
        seconds=round(attempt.seconds, 3),
        cost=attempt.cost,
        patch_file=file,
    )
