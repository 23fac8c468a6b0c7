"""From verdicts to the report that an agent hands back."""

from pathlib import Path

from core.ecg.evaluation_kit import verdict
from sweeptree.ecg.evaluate.outcome import Outcome


def test_a_report_has_the_scores_of_each_run_and_null_for_what_is_not_known():
    v = verdict()
    v.overall["ece"] = float("nan")
    files = {"report.md": b"# x\n", "a.csv": b""}
    found = Outcome("classification", [v], "run", files, ("note",)).report(Path("out"), None)
    assert found.runs["run"]["auc_macro"] == v.overall["auc_macro"]
    assert found.runs["run"]["ece"] is None
    assert (found.files, found.markdown) == (("a.csv", "report.md"), "# x\n")
    assert (found.data_digest, found.warnings, found.best) == (None, ("note",), "run")
