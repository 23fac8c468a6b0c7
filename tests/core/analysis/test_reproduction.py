"""Whether a run came out as its record says."""

import pytest

from sweeptree.analysis.reproduction import Verdict, judge, seed_interval
from sweeptree.model import JobRecord, JobState

SEEDS = (0.90, 0.92, 0.91)


def record(auc: float | None = 0.9, **fields: object) -> JobRecord:
    metrics = {} if auc is None else {"auc": auc}
    plain = {"id": 0, "state": JobState.SUCCEEDED, "exit_code": 0, "metrics": metrics}
    return JobRecord.model_validate({**plain, **fields})


def test_the_interval_is_that_of_one_more_run() -> None:
    low, high = seed_interval(SEEDS) or (0, 0)
    assert low == pytest.approx(0.91 - 4.302653 * 0.01 * (4 / 3) ** 0.5)
    assert high == pytest.approx(0.91 + 4.302653 * 0.01 * (4 / 3) ** 0.5)
    assert seed_interval((0.9,)) is None


@pytest.mark.parametrize(
    ("again", "seeds", "verdict"),
    [
        (0.9, SEEDS, Verdict.SAME),
        (0.93, SEEDS, Verdict.WITHIN),
        (0.5, SEEDS, Verdict.OUTSIDE),
        (0.9, (0.9,), Verdict.SAME),
        (0.91, (0.9,), Verdict.OUTSIDE),
        (None, SEEDS, Verdict.NO_METRIC),
    ],
)
def test_the_metric_decides(
    again: float | None, seeds: tuple[float, ...], verdict: Verdict
) -> None:
    assert judge(record(), record(again), seeds, "auc").verdict is verdict


def test_another_end_is_not_a_reproduction() -> None:
    found = judge(record(), record(state="failed", exit_code=3, reason="exit code 3"), SEEDS, "auc")
    assert (found.verdict, found.verdict.is_reproduced) == (Verdict.OTHER_END, False)
    assert "succeeded; now it failed with exit code 3 (exit code 3)" in found.sentence


def test_a_failure_that_comes_again_is_reproduced() -> None:
    failed = record(None, state="failed", exit_code=3)
    found = judge(failed, failed, (), "auc")
    assert (found.verdict, "again" in found.sentence) == (Verdict.SAME, True)


def test_without_a_metric_there_is_nothing_to_compare() -> None:
    assert judge(record(), record(), SEEDS, None).verdict is Verdict.NO_METRIC


def test_other_data_and_another_python_are_named() -> None:
    was, now = record(data_digest="a" * 64, host="x"), record(data_digest="b" * 64, host="x")
    assert judge(was, now, SEEDS, "auc").notes == (f"data: {'a' * 12} then, {'b' * 12} now",)
