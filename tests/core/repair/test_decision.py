"""A decision knows the attempt that was accepted."""

from core.repair.kit import failed, report_of
from sweeptree.repair.decision import FixDecision, FixState
from sweeptree.repair.ladder import Attempt, AttemptState
from sweeptree.repair.proposal import RungName


def test_the_accepted_attempt_is_found_among_the_others() -> None:
    refused = Attempt(RungName.COMMAND, AttemptState.REFUSED)
    good = Attempt(RungName.SEARCH, AttemptState.ACCEPTED)
    report = report_of(failed())
    assert FixDecision(FixState.FIXED, "", "main", "c", report, (refused, good)).chosen is good
    assert FixDecision(FixState.NOT_FIXED, "", "main", "c", report, (refused,)).chosen is None
