"""Clears the nodes where a keeper was killed: what it left running, and its worktree.

The next keeper there would do it; after the last one nobody does. So each such node gets a task of
a few seconds when the sweep ends. Nobody waits for it, and nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.slurm import cluster, options, packing
from sweeptree.hosts.slurm.arrays import Place
from sweeptree.hosts.slurm.endings import Traces
from sweeptree.hosts.slurm.planning import python_of_nodes
from sweeptree.model import Job, JobState
from sweeptree.sweep.running import Sweep

_SCRIPT = "clear"


def lost_attempts(sweep: Sweep, jobs: Iterable[Job]) -> frozenset[Place]:
    """The attempts whose keepers were killed, by the records."""
    return frozenset(
        Place(job.index, attempt.number)
        for job in jobs
        for attempt in sweep.store.record(job.index).attempts
        if attempt.state is JobState.LOST
    )


def clear_after(sweep: Sweep, lost: Iterable[Place], folder: Path) -> None:
    """Submit a task for each node where something may be left of these attempts.

    `folder`: of an array of the sweep. A node that cannot be cleared is told of.
    """
    if sweep.pool is None:  # their jobs ran in the repository
        return
    for node in sorted(set(_nodes(sweep, lost))):
        try:
            _submit(sweep, node, folder)
            sweep.say(f"a keeper was killed on {node}: a task of a few seconds clears up there")
        except (SweeptreeError, OSError) as error:
            why = error.message if isinstance(error, SweeptreeError) else error.strerror
            left = "what it left goes with the next task of yours there (docs/slurm.md)"
            sweep.say(f"a keeper was killed on {node}; {left}: {why}")


def _nodes(sweep: Sweep, lost: Iterable[Place]) -> Iterator[str]:
    """But for those where the job's next attempt has cleared up already."""
    for place in lost:
        traces = Traces(sweep.paths, place.job)
        node = traces.node(place.attempt)
        if node is not None and traces.node(place.attempt + 1) != node:
            yield node


def _submit(sweep: Sweep, node: str, folder: Path) -> None:
    script = folder / _SCRIPT
    package = packing.package_in(sweep.paths.slurm)
    packing.write_script(script, python_of_nodes(sweep.settings), package, folder, "clear")
    words = options.of_clearing(sweep.spec, node, folder)
    cluster.submit(words, script, options.environment(sweep.spec))
