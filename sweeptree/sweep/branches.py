"""What the branch with a job's changes is called, and what its commit says."""

from __future__ import annotations

import hashlib
import re

from sweeptree.model import Job, JobRecord
from sweeptree.repository import leaks

PREFIX = "sweeptree/"
_SHOWN_METRICS = 20


def has_own_branch(record: JobRecord) -> bool:
    """Whether a branch was made of the job's changes."""
    return (record.git_branch or "").startswith(PREFIX)


def branch_name(exp_name: str, base_commit: str, job: Job) -> str:
    """sweeptree/<exp>/<slug>-<hash8>: the same for the same job of the same sweep, whenever it is
    made."""
    words = f"{job.index}-{job.config_id}{_dashed_seed(job)}"
    slug = re.sub(r"[^A-Za-z0-9._=-]+", "-", words)[:60].strip("-.")
    identity = f"{base_commit}\0{job.index}\0{job.command}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{PREFIX}{exp_name}/{slug}-{digest}"


def job_title(exp_name: str, job: Job) -> str:
    """One line that names the job: for a commit or a pull request."""
    seed = f" seed={job.seed}" if job.seed is not None else ""
    return f"{exp_name} job {job.index}: {job.config_id}{seed}"[:120]


def commit_message(exp_name: str, job: Job, record: JobRecord) -> str:
    """The job's title, its command and what it reported, without secrets."""
    found = sorted(record.metrics.items())[:_SHOWN_METRICS]
    metrics = [f"{name}: {value:g}" for name, value in found]
    lines = [job_title(exp_name, job), "", job.command[:2000], "", *metrics]
    return leaks.redact("\n".join(lines))


def _dashed_seed(job: Job) -> str:
    return f"-seed{job.seed}" if job.seed is not None else ""
