"""Which failed jobs are tried again, and what the next try asks for.

A failed GPU: again on another, at most three times. Too little memory: again once; on the GPU with
half as much again, or with the whole of it. A job that had its GPU to itself would only run out of
memory again. Preempted by a cluster that does not start it again itself: again, at most three
times. Such tries are forgiven: they do not count against `--retries`.
"""

from __future__ import annotations

from dataclasses import replace

from sweeptree.gpus import capacity
from sweeptree.model import Cause, JobState
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.results import SoFar

_FORGIVEN = {
    Cause.GPU_LOST: 3,
    Cause.GPU_MEMORY: 1,
    Cause.HOST_MEMORY: 1,
    Cause.PREEMPTED: 3,
}
_TRIED_AGAIN = (JobState.FAILED, JobState.TIMED_OUT, JobState.LOST)


def has_tries_left(so_far: SoFar, retries: int) -> bool:
    """Whether the job is to be tried (again)."""
    if so_far.outcome is None:
        return True
    counted = so_far.tries - len(so_far.forgiven)
    return so_far.outcome.state in _TRIED_AGAIN and counted <= retries


def forgiving(so_far: SoFar, prepared: PreparedSweep) -> SoFar:
    """Forgive a try that failed for a cause with a rule of its own, and change what the next one
    asks for."""
    cause = so_far.outcome.cause if so_far.outcome is not None else None
    if cause is None or so_far.forgiven.count(cause) >= _FORGIVEN[cause]:
        return so_far
    forgiven = (*so_far.forgiven, cause)
    if cause is not Cause.GPU_MEMORY:
        return replace(so_far, forgiven=forgiven)
    if not so_far.gpu_memory:
        return so_far
    memory = _more_memory(so_far.gpu_memory, prepared)
    return replace(so_far, forgiven=forgiven, gpu_memory=memory)


def _more_memory(before: int, prepared: PreparedSweep) -> int:
    """Half as much again, or 0: the whole GPU."""
    more = before * 3 // 2
    return more if capacity(prepared.detection.devices, prepared.gpus, more) else 0
