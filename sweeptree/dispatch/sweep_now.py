"""A sweep as it is now, as an answer; found by its name, its folder, or the call that runs it."""

from __future__ import annotations

from pathlib import Path

from sweeptree.dispatch.answers import JobNow, SweepNow
from sweeptree.dispatch.call_words import below
from sweeptree.dispatch.chat import Chat
from sweeptree.dispatch.chat_folder import Kind, is_handle
from sweeptree.errors import UsageError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, iter_sweeps
from sweeptree.repository import find_repository
from sweeptree.sweep.view import JobView, SweepView, view_sweep

_SHOWN_JOBS = 30
_ENDED_WELL = JobState.SUCCEEDED


def results_of(top: Path) -> Path:
    """Where sweeps of this repository have their results."""
    return find_repository(top).results_dir


def find_sweep(chat: Chat, name: str) -> SweepPaths:
    """The sweep of this name, at this path, or of this call.

    Raises UsageError that names what there is.
    """
    if is_handle(name, Kind.CALL):
        return _of_call(chat, name)
    results = results_of(chat.top)
    is_path = len(Path(name).parts) != 1 or name.startswith(".")
    paths = SweepPaths(below(chat.top, Path(name), "id") if is_path else results / name)
    if paths.root.is_dir() and not paths.root.is_symlink():
        return paths
    known = [each.root.name for each in iter_sweeps(results)]
    hint = f"there are: {', '.join(known[:20])}" if known else "call `plan`, then `start`"
    raise UsageError(f"there is no sweep {name[:80]!r} in {results}", hint=hint)


def _of_call(chat: Chat, handle: str) -> SweepPaths:
    place = chat.call_of(handle).sweep
    if place is None:
        raise UsageError(f"{handle} is no sweep", hint=f"call `status` with the id {handle}")
    return SweepPaths(place)


def all_sweeps(chat: Chat) -> tuple[SweepNow, ...]:
    """Every sweep of the repository, without its jobs."""
    return tuple(as_answer(view_sweep(paths), 0) for paths in iter_sweeps(results_of(chat.top)))


def as_answer(view: SweepView, shown: int = _SHOWN_JOBS) -> SweepNow:
    """A sweep as it is now; of its jobs so many, first those that run or went wrong."""
    code = view.document.get("exit_code")
    return SweepNow(
        exp_name=view.name,
        state=view.state,
        n_jobs=len(view.jobs),
        states=dict(view.counts),
        exit_code=code if isinstance(code, int) and not is_at_work(view) else None,
        exit_codes=tuple(job.exit_code for job in view.jobs) if shown else (),
        metric=view.goal.name if view.goal else None,
        best=view.best,
        results=view.paths.root,
        jobs=tuple(_job(job) for job in _notable(view.jobs, shown)),
    )


def is_at_work(view: SweepView) -> bool:
    """Whether somebody drives it, or jobs of it run."""
    return view.state in ("running", "detached")


def ended_jobs(view: SweepView) -> int:
    """How many jobs have ended, however."""
    return sum(job.final for job in view.jobs)


def _notable(jobs: tuple[JobView, ...], shown: int) -> list[JobView]:
    """The jobs that are worth a line: all of a small sweep, else those that run or went wrong."""
    ranked = sorted(jobs, key=lambda job: (not job.alive, job.state == _ENDED_WELL, job.index))
    return sorted(ranked[:shown], key=lambda job: job.index)


def _job(job: JobView) -> JobNow:
    return JobNow(
        id=job.index,
        state=str(job.state),
        exit_code=job.exit_code,
        config_id=job.config,
        seconds=job.seconds,
        note=job.note,
        host=job.host,
        metrics=dict(job.metrics),
    )
