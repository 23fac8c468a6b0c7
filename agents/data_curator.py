"""Data Curator: PTB-XL from its source, verified record by record, into data/processed/, all or
nothing."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from sweeptree.ecg.curate.curator import curate, describe
from sweeptree.ecg.manifest import CurateSpec, Manifest
from sweeptree.engine.artifacts import publish_page


@flow(name="data-curator", persist_result=False)
def data_curator(spec: CurateSpec) -> Manifest:
    """Fetch, verify and build PTB-XL; the summary of what was found is an artifact of the run."""
    manifest = curate(spec, None)
    lines = describe(manifest, spec.out)
    get_run_logger().info("%s", lines[0])
    publish_page("data-curator", "\n".join(f"    {line}" for line in lines))
    return manifest
