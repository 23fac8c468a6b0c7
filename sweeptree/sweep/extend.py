"""More jobs for a sweep that has begun, at its commit; their numbers go on.

    sweep.json → its spec → with the extension → sweep.json, in one step

Hides: that this one write is all there is to it, so that after a crash the sweep either is as it
was or has jobs that `resume` runs.
"""

from __future__ import annotations

from dataclasses import replace

from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec
from sweeptree.model.spec import Extension
from sweeptree.records import SweepPaths, SweepStore, read_sweep
from sweeptree.settings import Settings
from sweeptree.sweep import documents
from sweeptree.sweep.preflight import Planner, PreparedSweep, must_start, prepare
from sweeptree.sweep.recovery import spec_of


def prepare_extension(
    paths: SweepPaths, extension: Extension, settings: Settings, planner: Planner | None = None
) -> PreparedSweep:
    """The sweep as it would be; `planner` None: it runs on this machine. Changes nothing.

    Its refusals are those of the sweep as it is. Raises UsageError where the extension does not
    fit, or adds no job.
    """
    spec = spec_of(paths)
    now = prepare(spec, settings, resume=True, planner=planner)
    grown = prepare(_extended(spec, extension), settings, resume=True, planner=planner)
    if len(grown.jobs) == len(now.jobs):
        raise UsageError(
            f"nothing is added to {spec.exp_name}: it has all of these jobs already",
            hint=f"sweeptree resume {spec.exp_name}   runs what is missing in it",
        )
    return replace(grown, refusals=now.refusals)


def _extended(spec: SweepSpec, extension: Extension) -> SweepSpec:
    return spec.model_copy(update={"extensions": (*spec.extensions, extension)})


def extend(
    paths: SweepPaths, extension: Extension, settings: Settings, planner: Planner | None = None
) -> PreparedSweep:
    """Add the jobs to the sweep; `resume` runs them. Returns it ready to be resumed.

    Raises UsageError, and Refused while somebody drives the sweep.
    """
    must_start(prepare_extension(paths, extension, settings, planner))
    with SweepStore.open(paths):  # nobody else extends or drives it meanwhile
        grown = prepare_extension(paths, extension, settings, planner)
        documents.write_extended(grown, read_sweep(paths))
    return must_start(prepare(grown.spec, settings, resume=True, planner=planner))
