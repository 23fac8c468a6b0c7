"""Data Curator: PTB-XL from its source, every record verified, into data/processed."""

from __future__ import annotations

from sweeptree.ecg.curate.curator import curate
from sweeptree.ecg.curate.outcome import CurateReport, report_on
from sweeptree.ecg.manifest import CurateSpec
from sweeptree.engine.agent_runs import agent


@agent("data-curator")
def data_curator(spec: CurateSpec) -> CurateReport:
    """Fetch, verify and build PTB-XL into data/processed, all or nothing."""
    return report_on(curate(spec, None), spec.out)
