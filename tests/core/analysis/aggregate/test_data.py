"""Which data the jobs ran on."""

from sweeptree.analysis.aggregate import data
from sweeptree.analysis.document import JobRow
from sweeptree.model import JobState

OLD, NEW = "1" * 64, "2" * 64


def jobs(*digests: str | None, state: JobState = JobState.SUCCEEDED) -> list[JobRow]:
    return [JobRow(id=n, state=state, data_digest=digest) for n, digest in enumerate(digests)]


def test_the_most_frequent_dataset_is_first() -> None:
    assert list(data.digests(jobs(OLD, NEW, NEW)).items()) == [(NEW, 2), (OLD, 1)]


def test_jobs_that_did_not_succeed_do_not_count() -> None:
    assert data.digests(jobs(OLD, state=JobState.FAILED)) == {}


def test_one_dataset_needs_no_remark() -> None:
    assert data.remarks(jobs(OLD, OLD), mix_data=False) == []
    assert data.remarks(jobs(None, None), mix_data=False) == []


def test_different_data_are_named_with_the_way_out() -> None:
    (text,) = data.remarks(jobs(OLD, NEW, NEW), mix_data=False)
    assert "222222222222 (2 jobs) and 111111111111 (1 job): they are not ranked" in text
    assert text.endswith("sweeptree aggregate EXP --mix_data")


def test_asked_for_mixing_is_said() -> None:
    (text,) = data.remarks(jobs(OLD, NEW), mix_data=True)
    assert text.endswith("they are ranked together because --mix_data was given")


def test_an_unnamed_dataset_is_said() -> None:
    (text,) = data.remarks(jobs(OLD, None), mix_data=False)
    assert text == "1 job named no dataset, the others ran on 111111111111"
