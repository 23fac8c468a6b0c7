"""What people are told of where the metrics of jobs were found, or that they were not.

Hides: that a record names the source and what was noticed there in one line of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sweeptree.analysis.document import JobRow
from sweeptree.analysis.metrics import NOTHING_FOUND

_MOST = 3  # kinds of remarks that are told
_NOT_FINITE = re.compile(r" \(not finite: [^;()]*\)$")  # told of the job: it has diverged
_MEANT = re.compile(r"job_\d+\.metrics\.jsonl; \S+ is ")  # a job's own report: it is what it means
_REMARK = re.compile(r" \(|; ")
_DIGITS = re.compile(r"\d[\d.]*")


def told_of_sources(jobs: Sequence[JobRow], exp_name: str) -> list[str]:
    """A sentence per kind of remark, each with the first job that it is true of."""
    sourced = [job for job in jobs if job.metrics_source]
    missing = [job for job in sourced if _is_missing(job)]
    noticed = [job for job in sourced if not _is_missing(job) and _has_remark(job)]
    told = [*_told(noticed, "its metrics are from "), *_told(missing, "")]
    if missing:
        told.append(f"sweeptree aggregate {exp_name} --reread   finds metrics anew")
    return told


def _is_missing(job: JobRow) -> bool:
    return (job.metrics_source or "").startswith(NOTHING_FOUND)


def _has_remark(job: JobRow) -> bool:
    source = _NOT_FINITE.sub("", job.metrics_source or "")
    return _REMARK.search(source) is not None and _MEANT.match(source) is None


def _told(jobs: Iterable[JobRow], lead: str) -> Iterator[str]:
    kinds: dict[str, list[JobRow]] = {}
    for job in jobs:
        kinds.setdefault(_DIGITS.sub("#", job.metrics_source or ""), []).append(job)
    for alike in list(kinds.values())[:_MOST]:
        first, more = alike[0], len(alike) - 1
        others = f" and {more} more" if more else ""
        yield f"job {first.id}{others}: {lead}{first.metrics_source}"
    if len(kinds) > _MOST:
        yield f"{len(kinds) - _MOST} more kinds of such remarks stand in the jobs' metrics_source"
