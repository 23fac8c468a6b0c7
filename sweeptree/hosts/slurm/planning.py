"""What a plan says of a sweep that is to run on a Slurm cluster, and why it may not start."""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.gpus import Detection
from sweeptree.hosts.slurm import cluster, options, packing
from sweeptree.hosts.slurm.filesystems import kind_of
from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.shares import Shares
from sweeptree.sweep.turns import Turns
from sweeptree.system.room import nearest_existing

_CLUSTER = "a Slurm cluster"
LIVES = 128  # jobs that are waited for at once, a thread each
_MARGIN = 2.0  # seconds beyond the grace, for the keeper to ask Slurm why and to write that


class OnSlurm:
    """The plan of a sweep whose commands run on a cluster; see `preflight.Planner`."""

    is_here = True  # the nodes share this machine's home, and so its environments

    def shares(self, spec: SweepSpec, jobs: int) -> Shares:
        """As many jobs at once as are waited for; the GPUs of this machine are nobody's business.

        Raises UsageError for options that cannot be.
        """
        options.check(spec)
        if spec.parallel is not None:
            raise UsageError(
                "--parallel is about the cores and GPUs of this machine",
                hint="on a cluster: --array_parallelism 16",
            )
        nothing = Detection((), None, "the cluster's queue gives GPUs (--slurm gres=gpu:1)", ())
        most = min(jobs, spec.array_parallelism or LIVES, LIVES)
        return Shares(nothing, 0, max(1, most), (_CLUSTER,))

    def planned(self, prepared: PreparedSweep) -> PreparedSweep:
        """With what the cluster says of such jobs."""
        try:
            places, refused = _asked(prepared)
        except SweeptreeError as error:
            places, refused = (_CLUSTER,), (Refused(error.message, hint=error.hint),)
        return replace(prepared, places=places, refusals=(*prepared.refusals, *refused))

    def lives(self, prepared: PreparedSweep) -> int:
        """Those that may run, and as many whose turn is next: they end out of their order."""
        return min(len(prepared.jobs), LIVES, 2 * prepared.parallel) or 1

    def turns(self, prepared: PreparedSweep) -> Turns | None:  # noqa: ARG002 - see Planner
        """The queue admits them."""
        return None


def python_of_nodes(settings: Settings) -> str:
    """The interpreter that keepers run in. Raises Refused for one that cannot be named."""
    return packing.check_python(settings.slurm_python or packing.default_python())


def _asked(prepared: PreparedSweep) -> tuple[tuple[str, ...], tuple[SweeptreeError, ...]]:
    spec = prepared.spec
    limits = cluster.limits()
    said = _tested(prepared)
    places = [f"Slurm: {said}", _folder_note(prepared.paths.root)]
    jobs, most = len(prepared.jobs), limits.max_array
    if jobs > most:
        parts = math.ceil(jobs / most)
        places.append(f"{parts} arrays, as the cluster takes {most} jobs in one")
    return tuple(places), tuple(_of_grace(spec, limits))


def _of_grace(spec: SweepSpec, limits: cluster.Limits) -> list[SweeptreeError]:
    most = limits.kill_wait - _MARGIN
    if spec.grace <= most:
        return []
    why = f"Slurm kills what has not ended {limits.kill_wait:.0f} s after its TERM (KillWait)"
    shorter = f'grace = "{max(0, int(most))}s" below [sweep] in sweeptree.toml'
    return [Refused(f"a grace of {spec.grace:.0f} s is too long: {why}", hint=shorter)]


def _tested(prepared: PreparedSweep) -> str:
    """What `sbatch --test-only` says. Raises Refused."""
    spec, python = prepared.spec, python_of_nodes(Settings())
    words = [*options.of_keeper(spec, Path("/tmp")), *options.wanted(spec)]  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="sweeptree-") as folder:
        script = Path(folder, "script")
        packing.write_script(script, python, Path(folder), Path(folder))
        return cluster.check(words, script, options.environment(spec))


def _folder_note(root: Path) -> str:
    kind = kind_of(nearest_existing(root))
    shared = "which machines share" if kind.is_shared else "which only nodes of this machine see"
    return f"results are on {kind.name}, {shared}: {os.fspath(root)}"
