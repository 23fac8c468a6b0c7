"""Takes a sweep that nobody drives out of the cluster's queue.

Hides which arrays are the sweep's, also those whose driver died before it noted their number.
"""

from __future__ import annotations

from collections.abc import Sequence

from sweeptree.hosts.slurm import arrays, cluster
from sweeptree.hosts.slurm.cluster import TaskState
from sweeptree.hosts.slurm.queue import orders_to_end
from sweeptree.records import SweepPaths


def queued(paths: SweepPaths) -> list[str]:
    """Slurm's numbers of the sweep's arrays that have tasks which run or are still to run.

    Raises SweeptreeError where the cluster cannot be asked.
    """
    found = (
        array if array.number else arrays.found_again(array) for array in arrays.read_all(paths)
    )
    numbers = [array.number for array in found if array.number]
    tasks = cluster.tasks(numbers) if numbers else {}
    left = {name.partition("_")[0] for name, state in tasks.items() if _needs_an_end(state)}
    return [number for number in numbers if number in left]


def _needs_an_end(state: TaskState) -> bool:
    return not state.is_over and state.state != "COMPLETING"


def end(numbers: Sequence[str], *, kill: bool) -> None:
    """Have the tasks of these arrays asked to end, or killed; those that wait go at once.

    Raises SweeptreeError.
    """
    for words in orders_to_end(kill=kill):
        cluster.cancel(numbers, *words)
