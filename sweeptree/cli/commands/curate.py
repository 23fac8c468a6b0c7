"""`sweeptree curate`: the Data Curator on the command line; data to stdout, progress to stderr."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import write_out
from sweeptree.ecg.curate.curator import curate as make
from sweeptree.ecg.curate.curator import describe
from sweeptree.ecg.curate.plan import describe_plan, plan
from sweeptree.ecg.manifest import CurateSpec
from sweeptree.ecg.progress import TextReporter
from sweeptree.settings import Settings


def curate(
    spec: Annotated[CurateSpec | None, Parameter(name="*")] = None,
    *,
    dry_run: Annotated[bool, FLAG] = False,
    json: Annotated[bool, FLAG] = False,
) -> int:
    """Fetch, verify and build PTB-XL into data/processed, all or nothing.

    Parameters
    ----------
    dry_run
        Say what would be fetched, checked and written; change nothing.
    json
        Print one JSON document: the manifest, or the plan.
    """
    spec = spec or CurateSpec()
    if spec.source is None and (known := Settings().ptbxl):
        spec = spec.model_copy(update={"source": str(known)})
    if dry_run:
        found = plan(spec)
        write_out(
            (found.model_dump_json(indent=1) if json else "\n".join(describe_plan(found))) + "\n"
        )
        return 0
    manifest = make(spec, TextReporter())
    write_out(
        (manifest.model_dump_json(indent=1) if json else "\n".join(describe(manifest, spec.out)))
        + "\n"
    )
    return 0
