"""Diagnostic Evaluator: from predictions to scores with intervals, tables, figures and a report.

Where a command makes the predictions, it is run first: as a sweep of one job, by the Experiment
Orchestrator.
"""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from sweeptree.agents.experiment_orchestrator import experiment_orchestrator
from sweeptree.ecg.evaluate.command import as_sweep
from sweeptree.ecg.evaluate.evaluator import EvaluateSpec, EvaluationReport, check, evaluate
from sweeptree.engine.agent_runs import REFUSED
from sweeptree.engine.artifacts import publish_page
from sweeptree.errors import Refused
from sweeptree.records import SweepPaths
from sweeptree.repository import find_repository
from sweeptree.sweep.preflight import results_root


@flow(name="diagnostic-evaluator", persist_result=False)
def diagnostic_evaluator(spec: EvaluateSpec) -> EvaluationReport:
    """Judge predictions, made by a command first where one is given; the report's page is an
    artifact of the run."""
    found = evaluate(spec if spec.command is None else _after_command(spec))
    get_run_logger().info("best: %s; report: %s", found.best, found.out / "report.html")
    publish_page("diagnostic-evaluator", found.markdown)
    return found


def _after_command(spec: EvaluateSpec) -> EvaluateSpec:
    """Run the command in a worktree.

    Returns what is left to judge; raises Refused or CommandFailed.
    """
    check(spec)
    sweep = as_sweep(spec)
    paths = SweepPaths(results_root(sweep, find_repository(sweep.repo)) / sweep.exp_name)
    ran = experiment_orchestrator(sweep, return_state=True)
    if ran.name == REFUSED:
        raise Refused(str(ran.message), hint="nothing was started")
    return spec.judging(paths)
