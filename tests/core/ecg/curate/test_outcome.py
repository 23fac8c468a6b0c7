"""The Data Curator's report."""

from pathlib import Path

from core.ecg.test_manifest import manifest
from sweeptree.ecg.curate.outcome import report_on

COUNTS = {"records": 3, "patients": 1, "train": 1, "val": 1, "test": 1, "left out": 0}


def test_a_report_names_the_dataset_and_has_its_counts():
    made = manifest().model_copy(update={"counts": COUNTS, "findings": {"stray_file": 2}})
    found = report_on(made, Path("data/processed"))
    assert found.reason == "PTB-XL 1.0.3: 3 records of 1 patient"
    assert (found.digest, found.counts, found.version) == (made.digest, COUNTS, "1.0.3")
    assert "    findings: 2 stray_file" in found.markdown
