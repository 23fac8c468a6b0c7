"""Whether the first jobs of a run have all failed alike."""

import pytest

from sweeptree.model import JobRecord, JobState
from sweeptree.sweep.first_failures import FirstFailures

FAILED, OK = JobState.FAILED, JobState.SUCCEEDED


def told(many: int, *ends: tuple[JobState, str]) -> list[bool]:
    """What each end makes of it."""
    first = FirstFailures(many)
    answers = []
    for index, (state, line) in enumerate(ends):
        record = JobRecord(id=index, state=state, reason="exit code 1", exit_code=1)
        answers.append(first.add(record, line))
    return answers


def test_the_last_of_the_first_that_fail_alike_is_enough() -> None:
    ends = [(FAILED, f"ValueError: no lead {n}") for n in range(4)]
    assert told(3, *ends) == [False, False, True, False]


@pytest.mark.parametrize(
    "other", [(OK, ""), (FAILED, "KeyError: 'x'"), (JobState.CANCELLED, "ValueError: no")]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_ends_in_another_way_settles_it(place: int, other: tuple[JobState, str]) -> None:
    ends = [(FAILED, "ValueError: no")] * 6
    ends[place] = other
    assert not any(told(3, *ends))


def test_zero_looks_at_no_job() -> None:
    assert not FirstFailures(0).is_undecided
    assert not any(told(0, *[(FAILED, "E")] * 4))


def test_one_failure_can_be_enough() -> None:
    assert told(1, (FAILED, "E"), (FAILED, "E")) == [True, False]


def test_it_is_told_how_many_have_ended_and_whether_the_run_goes_on() -> None:
    first = FirstFailures(2)
    assert (first.seen, first.goes_on) == (0, False)
    first.add(JobRecord(id=0, state=FAILED, exit_code=1), "E")
    assert (first.seen, first.goes_on) == (1, False)
    first.add(JobRecord(id=1, state=FAILED, exit_code=1), "E")
    assert not first.goes_on
    assert FirstFailures(0).goes_on
