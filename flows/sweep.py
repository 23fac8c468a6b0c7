"""The flow that people run: `sweep` = Experiment Orchestrator, then Results Aggregator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled

from sweeptree.agents.experiment_orchestrator import experiment_orchestrator
from sweeptree.agents.results_aggregator import results_aggregator
from sweeptree.analysis.aggregate import aggregate
from sweeptree.engine.agent_runs import report_of, state_of
from sweeptree.engine.executors import executor_for
from sweeptree.engine.living_runs import note_run
from sweeptree.engine.missed_nights import newer_night
from sweeptree.engine.run_notices import RunEnd, telling_if_deployed
from sweeptree.model import Resume, SweepSpec
from sweeptree.model.report import Report, ReportState
from sweeptree.records import SweepPaths
from sweeptree.report.summary import AggregateSpec
from sweeptree.settings import Settings
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.run import WithoutEngine, run_sweep


@flow(name="sweep", flow_run_name="{spec.exp_name}", persist_result=False)
def sweep(spec: SweepSpec, resume: Resume | None = None) -> State[Any]:
    """Run a hyperparameter sweep: a git worktree per job, a GPU slot, metrics, one aggregate.

    The run fails when a job failed; the aggregate is made all the same. A night that was missed is
    skipped when a newer one is due.
    """
    if run_id := flow_run.get_id():
        note_run(Settings().home, run_id)
    newer = newer_night()
    if newer is not None:
        return Cancelled(name="Skipped", message=f"missed; the night of {newer:%Y-%m-%d} is due")
    spec = named(spec)
    telling = telling_if_deployed(spec.repo)
    ran: State[Any] = experiment_orchestrator(spec, resume=resume, return_state=True)
    report = report_of(ran)
    if isinstance(report, SweepReport) and report.root is not None:
        results_aggregator(AggregateSpec(exp_dir=report.root), return_state=True)
        get_run_logger().info("%s: %s; results in %s", spec.exp_name, report.reason, report.root)
    telling.tell(_end(spec, report, ran))
    return State(type=ran.type, name=ran.name, message=ran.message)


def _end(spec: SweepSpec, report: Report | None, ran: State[Any]) -> RunEnd:
    if isinstance(report, SweepReport):
        return RunEnd(spec.exp_name, report.state, report.reason, report.root)
    return RunEnd(spec.exp_name, ReportState.FAILED, ran.message or "")


def sweep_by_files(spec: SweepSpec, resume: Resume | None = None) -> State[Any]:
    """The same sweep without a flow run, for when there is no server: records, aggregates and exit
    code are those."""
    engine = WithoutEngine()
    executor = executor_for(spec, Settings(), engine.tell, shown=False)
    report = run_sweep(named(spec), resume, engine, executor=executor)
    if report.root is not None:
        aggregate(SweepPaths(report.root))
    return state_of(report)


def named(spec: SweepSpec) -> SweepSpec:
    """The spec under the name that its results get: with `dated`, name-YYYYMMDD-HHMMSS of its
    scheduled start."""
    if not spec.dated:
        return spec
    start = flow_run.get_scheduled_start_time() or datetime.now(UTC)
    name = f"{spec.exp_name[:48]}-{start:%Y%m%d-%H%M%S}"
    return spec.model_copy(update={"exp_name": name, "dated": False})
