"""Which failed jobs are tried again, and what the next try asks for."""

from dataclasses import replace
from typing import Any, cast

import pytest

from sweeptree.model import Cause, JobState, Outcome
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.results import SoFar
from sweeptree.sweep.retries import forgiving, has_tries_left

ENDED = Outcome(
    JobState.FAILED, 1, None, "exit code 1", None, "2026-01-01T00:00:00+00:00", 1.0, None
)
NO_GPUS = cast(PreparedSweep, None)


def failed(tries: int, **fields: Any) -> SoFar:
    return SoFar(tries=tries, outcome=replace(ENDED, **fields))


def test_a_job_that_never_ended_is_due() -> None:
    assert has_tries_left(SoFar(tries=3), retries=0)


@pytest.mark.parametrize(("tries", "left"), [(1, True), (2, True), (3, False)])
def test_retries_are_counted(tries: int, left: bool) -> None:
    assert has_tries_left(failed(tries), retries=2) is left


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.CANCELLED])
def test_what_succeeded_or_was_cancelled_is_not_tried_again(state: JobState) -> None:
    assert not has_tries_left(failed(1, state=state), retries=5)


def test_too_little_host_memory_is_forgiven_once() -> None:
    first = forgiving(failed(1, cause=Cause.HOST_MEMORY), NO_GPUS)
    assert has_tries_left(first, retries=0)
    again = forgiving(replace(first, tries=2), NO_GPUS)
    assert not has_tries_left(again, retries=0)


@pytest.mark.parametrize("cause", [Cause.GPU_LOST, Cause.PREEMPTED])
def test_a_failed_gpu_and_a_preemption_are_forgiven_three_times(cause: Cause) -> None:
    so_far = failed(0, cause=cause)
    for tries in range(1, 5):
        so_far = forgiving(replace(so_far, tries=tries), NO_GPUS)
    assert len(so_far.forgiven) == 3
