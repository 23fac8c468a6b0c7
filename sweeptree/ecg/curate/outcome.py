"""What a curation came to, as the Data Curator's report."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from sweeptree.ecg.curate.curator import describe
from sweeptree.ecg.manifest import Manifest
from sweeptree.model.report import Report


class CurateReport(Report):
    """The dataset that was built."""

    out: Path = Field(description="The folder that holds the dataset.")
    version: str = Field(description="The version of PTB-XL that the content shows.")
    digest: str = Field(description="sha256 that names the dataset.")
    counts: dict[str, int] = Field(description="Records, patients, and records per split.")
    findings: dict[str, int] = Field(description="How many findings per check.")


def report_on(manifest: Manifest, out: Path) -> CurateReport:
    """The report on a dataset that stands in the folder `out`."""
    lines = describe(manifest, out)
    return CurateReport(
        reason=lines[0],
        markdown="\n".join(f"    {line}" for line in lines),
        out=out,
        version=manifest.version,
        digest=manifest.digest,
        counts=manifest.counts,
        findings=manifest.findings,
    )
