"""What a sweep came to: the jobs per state, the exit code, the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field

from sweeptree.errors import SweeptreeError
from sweeptree.model import DeliveryState, ExitCode, JobRecord, JobState, StopCause, SweepSpec
from sweeptree.model.report import Report, ReportState
from sweeptree.sweep.preflight import PreparedSweep

_STATES = {
    ExitCode.OK: ReportState.DONE,
    ExitCode.JOBS_FAILED: ReportState.FAILED,
    ExitCode.STEP_FAILED: ReportState.DELIVERY_FAILED,
    ExitCode.TIME_LIMIT: ReportState.TIMED_OUT,
    ExitCode.INTERRUPTED: ReportState.CANCELLED,
}


def state_of(code: ExitCode) -> ReportState:
    """The state of a sweep that ended with this exit code; any other one was a refusal."""
    return _STATES.get(code, ReportState.REFUSED)


class SweepReport(Report):
    """A sweep's end in short."""

    exit_code: ExitCode = Field(description="What the command that ran it ends with.")
    states: dict[str, int] = Field(description="How many jobs are in each state.")
    root: Path | None = Field(
        default=None, description="Its results; none: it was refused, and nothing stands on disk."
    )

    @property
    def is_refused(self) -> bool:
        """Whether nothing was started."""
        return self.root is None


def refused(error: SweeptreeError) -> SweepReport:
    """A sweep that did not start, with one line that says why."""
    return SweepReport(
        state=ReportState.REFUSED,
        reason="; ".join([error.message, *error.hint]),
        exit_code=ExitCode(error.exit_code),
        states={},
    )


def report(prepared: PreparedSweep, code: ExitCode, states: Mapping[str, int]) -> SweepReport:
    """A sweep that has ended."""
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return SweepReport(
        state=state_of(code),
        reason=counts,
        exit_code=code,
        states=dict(states),
        root=prepared.paths.root,
    )


def count_states(prepared: PreparedSweep, records: Mapping[int, JobRecord]) -> dict[str, int]:
    """How many jobs are in each state; one without a record is planned."""
    found = (records.get(job.index) for job in prepared.jobs)
    return dict(Counter(_state(record).value for record in found))


def _state(record: JobRecord | None) -> JobState:
    if record is None or record.state is None:
        return JobState.PLANNED
    return record.state


def exit_code(states: Mapping[str, int], cause: StopCause | None, *, step_failed: bool) -> ExitCode:
    """What the sweep ends with."""
    all_ok = set(states) <= {JobState.SUCCEEDED.value}
    if cause is StopCause.TIME_LIMIT:
        return ExitCode.TIME_LIMIT
    if cause in (StopCause.INTERRUPTED, StopCause.CANCELLED) and not all_ok:
        return ExitCode.INTERRUPTED
    if not all_ok:
        return ExitCode.JOBS_FAILED
    return ExitCode.STEP_FAILED if step_failed else ExitCode.OK


def lacks_a_step(spec: SweepSpec, records: Iterable[JobRecord]) -> bool:
    """Whether, by its record, a step after some job's command has failed: in this run, or in an
    earlier one and not done since (`resume --jobs`)."""
    return any(_lacks_fix(spec, record) or _lacks_delivery(spec, record) for record in records)


def _lacks_fix(spec: SweepSpec, record: JobRecord) -> bool:
    if not spec.auto_fix_before_pr or record.auto_fix is None:
        return False
    return record.auto_fix.get("exit_code") != 0


def _lacks_delivery(spec: SweepSpec, record: JobRecord) -> bool:
    if not spec.delivers or record.delivery is None:
        return False
    return record.delivery.state is DeliveryState.FAILED
