"""The auto-fix of a job, between its command and its commit: the user's script, or tidiers on what
the job changed.

Hides: when it is which. The script of the default path is used where it exists; without it, and
without another one named, the deterministic rung of the CI Fixer runs in the job's worktree.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sweeptree import worktrees
from sweeptree.model import Outcome, SweepSpec, Worktree
from sweeptree.repository import Repository
from sweeptree.sweep import attempts, job_delivery
from sweeptree.sweep.launches import Line
from sweeptree.sweep.results import Fixed, SoFar
from sweeptree.sweep.running import JobContext

FIX_TIMEOUT = 900.0
NO_SCRIPT = "there is no such script"
NOTHING_CHANGED = "the job changed nothing that is to be put in order"
IN_PLACE = "without --use_worktree nobody knows what the job changed: nothing was put in order"
_SUFFIX = ".fix"


def auto_fix(job: JobContext, so_far: SoFar) -> Fixed:
    """Put in order what the job changed; what fails is recorded and stops nothing."""
    script = _find_script(job, so_far)
    if script is not None:
        return _run_script(job, so_far, script)
    if uses_own_fix(job.spec, job.sweep.prepared.repo):
        return _tidy(job, so_far)
    record_no_fix(job, NO_SCRIPT)
    return Fixed(job.spec.auto_fix_script, None)


def uses_own_fix(spec: SweepSpec, repo: Repository) -> bool:
    """Whether nobody named a script and there is none in the default place."""
    default = SweepSpec.model_fields["auto_fix_script"].default
    return spec.auto_fix_script == default and not (repo.top / default).is_file()


def _run_script(job: JobContext, so_far: SoFar, script: Path) -> Fixed:
    line = _line(job, f"exec {_as_command(script)}")
    outcome = attempts.supervised(job, so_far, line)
    _record(job, outcome, script=str(script), log=_log(job).name)
    return Fixed(script, outcome)


def _tidy(job: JobContext, so_far: SoFar) -> Fixed:
    from sweeptree.repair.tools import in_one_line, tidy_steps  # only a few sweeps need it

    assert so_far.worktree is not None
    home = job.sweep.prepared.repo.top
    steps = tidy_steps(so_far.worktree.top, _changed(job, so_far), home)
    notes = [step.note for step in steps] or [_nothing_to_do(so_far.worktree)]
    if not any(step.command for step in steps):
        job.store.update(job.index, auto_fix={"script": None, "exit_code": 0, "notes": notes})
        return Fixed(None, None, tuple(notes))
    outcome = attempts.supervised(job, so_far, _line(job, in_one_line(steps)))
    _record(job, outcome, script=None, notes=notes, log=_log(job).name)
    return Fixed(None, outcome, tuple(notes))


def _nothing_to_do(worktree: Worktree) -> str:
    return IN_PLACE if worktree.slot is None else NOTHING_CHANGED


def _changed(job: JobContext, so_far: SoFar) -> list[str]:
    """What would be committed of the job's work: no artifact is touched."""
    assert so_far.worktree is not None
    changes = worktrees.changes(so_far.worktree)
    made = [path for path in changes.made if job_delivery.is_asked_for(path, job.spec)]
    return [*changes.tracked, *made]


def _line(job: JobContext, command: str) -> Line:
    return Line(command, _SUFFIX, _log(job), FIX_TIMEOUT)


def _log(job: JobContext) -> Path:
    return job.paths.root / f"job_{job.index}.fix.log"


def _record(job: JobContext, outcome: Outcome, **facts: object) -> None:
    ended = {
        "exit_code": outcome.exit_code,
        "reason": outcome.reason,
        "duration_seconds": outcome.duration_seconds,
    }
    job.store.update(job.index, auto_fix={**facts, **ended})


def record_no_fix(job: JobContext, reason: str) -> None:
    """The record says why nothing was fixed."""
    script = str(job.spec.auto_fix_script)
    job.store.update(job.index, auto_fix={"script": script, "reason": reason})


def _find_script(job: JobContext, so_far: SoFar) -> Path | None:
    """The script as committed in the job's worktree, else as it stands in the user's repository."""
    assert so_far.worktree is not None
    for folder in (so_far.worktree.top, job.sweep.prepared.repo.top):
        script = folder / job.spec.auto_fix_script
        if script.is_file():
            return script
    return None


def _as_command(script: Path) -> str:
    """The script by itself when it is executable, else given to sh."""
    word = shlex.quote(str(script))
    return word if os.access(script, os.X_OK) else f"sh {word}"
