"""The CI Fixer's work: the failing tests of a commit, a ladder of ways to fix them, and what the
gate accepts of it.

Hides: which failures are none of the code's (the machine lacks something, or the test fails now and
then), the rungs (what has only one answer, the user's coding agent, a model, a search), where each
of them works, and that only a diff is read of any. Whether a patch is good is decided by
`publish.checks` alone.
"""

from sweeptree.repair.decision import FixDecision, FixState
from sweeptree.repair.fix import fix
from sweeptree.repair.report import FixReport, report_on
from sweeptree.repair.spec import CIFixSpec

__all__ = ["CIFixSpec", "FixDecision", "FixReport", "FixState", "fix", "report_on"]
