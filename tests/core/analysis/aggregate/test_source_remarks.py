"""What is told of where metrics were found."""

import pytest

from core.analysis.aggregate.aggregate_kit import put, record
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.aggregate.source_remarks import told_of_sources
from sweeptree.analysis.document import JobRow
from sweeptree.records import SweepPaths


def told(*sources: str | None) -> list[str]:
    jobs = [JobRow(id=index, metrics_source=source) for index, source in enumerate(sources)]
    return told_of_sources(jobs, "x")


def test_a_job_whose_metrics_could_not_be_read_is_named(paths: SweepPaths) -> None:
    put(paths, record(0, metrics_source="none found: job_0.metrics.jsonl holds 'a,b'"))
    warnings = aggregate(paths).warnings
    assert warnings[0] == "job 0: none found: job_0.metrics.jsonl holds 'a,b'"
    assert warnings[1] == f"sweeptree aggregate {paths.root.name} --reread   finds metrics anew"


@pytest.mark.parametrize(
    "source",
    [
        "job_0/artifacts/events (cut in the middle)",
        "job_0.metrics.jsonl; no val_auc there: val_auc stands at line 3 of job_0.log",
        "job_0/artifacts/results.json; val_auc is 0.801 in job_0.log: printed numbers",
    ],
)
def test_what_was_noticed_of_a_source_is_told(source: str) -> None:
    assert told("job_0.log: printed numbers", source) == [f"job 1: its metrics are from {source}"]


def test_jobs_with_the_same_remark_are_told_once() -> None:
    cut = "job_{}/runs.{}/events (line {} has other columns)"
    sources = [cut.format(n, n, n) for n in range(5)]
    assert told(*sources) == [f"job 0 and 4 more: its metrics are from {sources[0]}"]


@pytest.mark.parametrize(
    "source",
    [
        None,
        "job_0.log: printed numbers (not finite: a, b)",
        "job_0.metrics.jsonl; val_auc is 0.9 in job_0/artifacts/history.json",
    ],
)
def test_a_source_without_a_remark_is_not_told(source: str | None) -> None:
    assert told(source) == []


def test_of_many_kinds_the_first_are_told() -> None:
    sources = [f"{name} (cut in the middle)" for name in "abcde"]
    assert told(*sources)[3:] == ["2 more kinds of such remarks stand in the jobs' metrics_source"]
