"""Which data the jobs of a sweep ran on, and what to say when it was not the same for all. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sweeptree.analysis.document import JobRow
from sweeptree.analysis.wording import counted, listed
from sweeptree.model import JobState

OPTION = "--mix_data"
_SHOWN = 3
_DIGITS = 12


def digests(jobs: Sequence[JobRow]) -> dict[str, int]:
    """digest -> how many of the jobs that succeeded ran on it, the most frequent first."""
    found = Counter(job.data_digest for job in _succeeded(jobs) if job.data_digest)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def remarks(jobs: Sequence[JobRow], *, mix_data: bool) -> list[str]:
    """One sentence when the jobs ran on different data, or when that is not known of all."""
    found = digests(jobs)
    if len(found) > 1:
        return [_different(found, mix_data=mix_data)]
    unknown = sum(not job.data_digest for job in _succeeded(jobs))
    if not found or not unknown:
        return []
    (known,) = found
    return [f"{counted(unknown, 'job')} named no dataset, the others ran on {known[:_DIGITS]}"]


def _different(found: dict[str, int], *, mix_data: bool) -> str:
    named = [f"{digest[:_DIGITS]} ({counted(many, 'job')})" for digest, many in found.items()]
    what = f"the jobs ran on different data, {listed(named, _SHOWN, joint=' and ')}"
    if mix_data:
        return f"{what}; they are ranked together because {OPTION} was given"
    again = f"sweeptree aggregate EXP {OPTION}"
    return f"{what}: they are not ranked or compared; to do it all the same: {again}"


def _succeeded(jobs: Sequence[JobRow]) -> list[JobRow]:
    return [job for job in jobs if job.state is JobState.SUCCEEDED]
