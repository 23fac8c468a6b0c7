"""CI Fixer: runs the tests, attaches the failing ones, proposes a patch that the gate accepts."""

from __future__ import annotations

import os

from sweeptree.engine.agent_runs import agent, show_if_possible
from sweeptree.engine.artifacts import publish_table
from sweeptree.engine.model_runs import durable
from sweeptree.publish.delivery import Context
from sweeptree.repair.fix import fix
from sweeptree.repair.report import FixReport, report_on
from sweeptree.repair.spec import CIFixSpec
from sweeptree.settings import Settings


@agent("ci-fixer")
def ci_fixer(spec: CIFixSpec) -> FixReport:
    """Run the tests of a commit and repair what fails; without apply_patch nothing is published."""
    capabilities = durable() if spec.model else ()
    report = report_on(fix(spec, Context.of(Settings(), os.environ), capabilities))
    rows = [
        each.model_dump(include={"node_id", "kind", "message", "where"}) for each in report.failing
    ]
    show_if_possible(lambda: publish_table("failing-tests", report.subject, rows))
    return report
