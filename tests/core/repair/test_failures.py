"""Only real failures are patched; the others are excused."""

from core.repair.kit import failed, passed, report_of
from sweeptree.repair.failures import FailureKind


def test_a_flaky_test_is_excused_and_the_others_stay_to_be_fixed() -> None:
    report = report_of(failed("a"), failed("b"), passed("c")).with_flaky({"a": "it passes alone"})
    assert [case.node_id for case in report.real] == ["b"]
    (flaky,) = report.others
    assert (flaky.kind, flaky.advice) == (FailureKind.FLAKY, "it passes alone")
    assert report.to_fix.targets == ("b",)
