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
from sweeptree.sweep import attempts
from sweeptree.sweep.attempts import LeftBehind
from sweeptree.sweep.results import Ran, SoFar
from sweeptree.sweep.running import JobContext
from sweeptree.sweep.stages import kept_on_trouble


def land(job: JobContext, so_far: SoFar, ending: Ending) -> Ran:
    """Record it. Raises GitError, OSError."""
    facts, outcome = ending.facts, _in_our_words(job, ending.outcome)
    if host := facts.get("host"):
        job.store.update(job.index, host=str(host))
    worktree = None
    if outcome.state is JobState.SUCCEEDED and _is_continued(job):
        worktree = _worktree(job, facts)
    in_setup = bool(facts.get("in_setup"))
    with kept_on_trouble(job, worktree):
        so_far = so_far.with_worktree(worktree)
        left = _left(facts)
        return attempts.record_outcome(job, so_far, outcome, in_setup=in_setup, left=left)


def _in_our_words(job: JobContext, outcome: Outcome) -> Outcome:
    """A task that was cancelled because its sweep was is no riddle."""
    ours = (StopCause.INTERRUPTED, StopCause.CANCELLED, StopCause.TIME_LIMIT)
    if outcome.state is JobState.CANCELLED and job.sweep.stop.cause in ours:
        return replace(outcome, reason="cancelled")
    return outcome


def _is_continued(job: JobContext) -> bool:
    spec = job.spec
    return job.sweep.pool is not None and (spec.delivers or spec.auto_fix_before_pr)


def _left(facts: dict[str, Any]) -> LeftBehind:
    notes = [str(note) for note in facts.get("notes", ())]
    if ref := facts.get("ref"):
        notes.append(f"its changes to tracked files: git show --stat {ref}")
    artifacts = tuple(str(name) for name in facts.get("artifacts", ()))
    return LeftBehind(artifacts, tuple(notes), has_work=bool(facts.get("changed")))


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
    shutil.copytree(kept, top, symlinks=True, dirs_exist_ok=True) if kept.is_dir() else None
