"""Experiment Orchestrator: one sweep from its spec to its records.

plan → per job: create-worktree → run-command → (auto-fix → commit-and-pr → label-and-review) →
aggregate. Jobs run depth-first on driver threads; a job is no subflow of its own. What is asked for
becomes a task run, what is not asked for does not. The work is in `sweeptree.sweep.run`.
"""

from __future__ import annotations

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from sweeptree.engine.sweep_engine import engine_here
from sweeptree.model import ExitCode, Resume, SweepSpec
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.run import run_sweep
from sweeptree.tasks import stages

REFUSED = "Refused"
_FAILED = {ExitCode.TIME_LIMIT: "TimedOut", ExitCode.STEP_FAILED: "DeliveryFailed"}


@flow(name="experiment-orchestrator", flow_run_name="{spec.exp_name}", persist_result=False)
def experiment_orchestrator(spec: SweepSpec, resume: Resume | None = None) -> State[SweepReport]:
    """Run a sweep: every job in its worktree, with records, aggregates and a graph."""
    return as_state(run_sweep(spec, resume, engine_here(stages.ALL)))


def as_state(report: SweepReport) -> State[SweepReport]:
    """The state that a sweep's flow run ends in; a refusal is one line, not a traceback."""
    if report.is_refused:
        return Failed(name=REFUSED, message=report.reason, data=report)
    if report.exit_code is ExitCode.OK:
        return Completed(message=report.reason, data=report)
    if report.exit_code is ExitCode.INTERRUPTED:
        return Cancelled(message=report.reason, data=report)
    name = _FAILED.get(report.exit_code, "Failed")
    return Failed(name=name, message=report.reason, data=report)
