"""Diagnostic Evaluator: from predictions to scores with intervals, tables, figures and a report.

Where a command makes the predictions, it is run first: as a sweep of one job, by the Experiment
Orchestrator.
"""

from __future__ import annotations

from sweeptree.agents.experiment_orchestrator import experiment_orchestrator
from sweeptree.ecg.evaluate.command import as_sweep
from sweeptree.ecg.evaluate.evaluator import check, evaluate
from sweeptree.ecg.evaluate.spec import EvaluateSpec, EvaluationReport
from sweeptree.engine.agent_runs import REFUSED, agent
from sweeptree.errors import Refused
from sweeptree.records import SweepPaths
from sweeptree.repository import find_repository
from sweeptree.sweep.preflight import results_root


@agent("diagnostic-evaluator")
def diagnostic_evaluator(spec: EvaluateSpec) -> EvaluationReport:
    """Judge predictions, made by a command first where one is given."""
    return evaluate(spec if spec.command is None else _after_command(spec))


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
