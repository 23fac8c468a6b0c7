"""Which data the jobs of a sweep ran on, and what to say when it was not the same for all. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Job = Mapping[str, Any]
OPTION = "--mix_data"
_SHOWN = 3


def digests(jobs: Sequence[Job]) -> dict[str, int]:
    """digest -> how many of the jobs that count (they succeeded) ran on it, the most frequent
    first."""
    found = Counter(str(job["data_digest"]) for job in _counted(jobs) if job.get("data_digest"))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def remarks(jobs: Sequence[Job], *, mix_data: bool) -> list[str]:
    """One sentence when the jobs ran on different data, or when that is not known of all of them."""
    found = digests(jobs)
    unknown = sum(not job.get("data_digest") for job in _counted(jobs))
    if len(found) > 1:
        named = [
            f"{digest[:12]} ({_jobs(count)})" for digest, count in list(found.items())[:_SHOWN]
        ]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        said = f"the jobs ran on different data, {' and '.join(named)}{more}"
        if mix_data:
            return [f"{said}; they are ranked together because {OPTION} was given"]
        return [
            f"{said}: they are not ranked or compared; to do it all the same: sweeptree aggregate EXP {OPTION}"
        ]
    if found and unknown:
        return [f"{_jobs(unknown)} named no dataset, the others ran on {next(iter(found))[:12]}"]
    return []


def _counted(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job["state"] == "succeeded"]


def _jobs(count: int) -> str:
    return f"{count} job{'s' * (count != 1)}"
