"""Diagnostic Evaluator: from predictions to scores with intervals, tables, figures and a report."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from sweeptree.ecg.evaluator import EvaluateSpec, EvaluationReport, evaluate
from sweeptree.tasks.publish import publish_page


@flow(name="diagnostic-evaluator", persist_result=False)
def diagnostic_evaluator(spec: EvaluateSpec) -> EvaluationReport:
    """Judge predictions; the report's page is an artifact of the run."""
    found = evaluate(spec)
    get_run_logger().info("best: %s; report: %s", found.best, found.out / "report.html")
    publish_page("diagnostic-evaluator", found.markdown)
    return found
