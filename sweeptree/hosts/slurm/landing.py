"""What came of a job on its node becomes the job's record here, and where something follows the
command (a fix, a pull request) a worktree with the job's changes.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeptree.hosts.back.commits import materialise
from sweeptree.hosts.slurm.endings import Ending
from sweeptree.model import JobState, Outcome, StopCause, Worktree
from sweeptree.repository import plumbing
from sweeptree.sweep import attempts
from sweeptree.sweep.attempts import DataSeen, LeftBehind
from sweeptree.sweep.results import Ran, SoFar
from sweeptree.sweep.running import JobContext
from sweeptree.sweep.stages import kept_on_trouble


def land(job: JobContext, so_far: SoFar, ending: Ending) -> Ran:
    """Record it. Raises GitError, OSError."""
    facts = ending.facts
    outcome = _in_our_words(job, ending.outcome)
    host = facts.get("host")
    if host:
        job.store.update(job.index, host=str(host))

    worktree = None
    if outcome.state is JobState.SUCCEEDED and _is_continued(job):
        worktree = _worktree(job, facts)
    so_far = so_far.with_worktree(worktree)
    in_setup = bool(facts.get("in_setup"))
    left = _left(facts, is_here=worktree is not None)
    with kept_on_trouble(job, worktree):
        ran = attempts.record_outcome(job, so_far, outcome, in_setup=in_setup, left=left)
        if worktree is not None:
            _drop_content(job, facts)
    return ran


def _drop_content(job: JobContext, facts: dict[str, Any]) -> None:
    """A worktree holds it from here on."""
    if ref := facts.get("ref"):
        plumbing.run(job.sweep.prepared.repo.start, "update-ref", "-d", str(ref))


def _in_our_words(job: JobContext, outcome: Outcome) -> Outcome:
    """A task that was cancelled because its sweep was is no riddle."""
    ours = (StopCause.INTERRUPTED, StopCause.CANCELLED, StopCause.TIME_LIMIT)
    if outcome.state is JobState.CANCELLED and job.sweep.stop.cause in ours:
        return replace(outcome, reason="cancelled")
    return outcome


def _is_continued(job: JobContext) -> bool:
    spec = job.spec
    return job.sweep.pool is not None and (spec.delivers or spec.auto_fix_before_pr)


def _left(facts: dict[str, Any], *, is_here: bool) -> LeftBehind:
    """`is_here`: a worktree holds the changes."""
    artifacts = _texts(facts, "artifacts")
    notes = _texts(facts, "notes")
    ref = facts.get("ref")
    if ref and not is_here:
        notes = (*notes, f"its changes to tracked files: git show --stat {ref}")
    has_work = bool(facts.get("changed"))
    data = DataSeen(facts.get("data_digest"), facts.get("data_at_end"))
    return LeftBehind(artifacts, notes, has_work, data=data)


def _texts(facts: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(text) for text in facts.get(name, ()))


def _worktree(job: JobContext, facts: dict[str, Any]) -> Worktree:
    """A worktree as the job left its own."""
    assert job.sweep.pool is not None
    worktree = job.sweep.pool.acquire(job.index)
    with kept_on_trouble(job, worktree):
        if commit := facts.get("commit"):
            materialise(worktree, str(commit))
        if job.spec.pr_artifacts:
            _put_artifacts(job.paths.artifacts(job.index), worktree.top)
    return worktree


def _put_artifacts(kept: Path, top: Path) -> None:
    """The files that the job made, which pull requests may ask for."""
    if kept.is_dir():
        shutil.copytree(kept, top, symlinks=True, dirs_exist_ok=True)
