"""What a sweep would do, found out without changing one byte: `--dry_run` prints it, a real run
obeys it.

Hides where each answer comes from (repository, GPUs, disk, earlier results) and which answers
forbid a start.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeptree import plan, repository, worktrees
from sweeptree.errors import RecordError, Refused, SweeptreeError, UsageError
from sweeptree.gpus import Detection, capacity, detect, narrowed
from sweeptree.model import Base, Job, SweepSpec
from sweeptree.records import SweepPaths, holder, read_sweep
from sweeptree.settings import Settings
from sweeptree.system.room import Room, standing

_DECIDING = ("commands", "template", "grid", "seeds", "setup", "use_worktree", "commit")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sweep ready to start, or not: `refusals` says why not.

    `parallel` jobs at once, `gpus` per job.
    """

    spec: SweepSpec
    repo: repository.Repository
    base: Base
    jobs: tuple[Job, ...]
    paths: SweepPaths
    parallel: int
    gpus: int
    detection: Detection
    slot_dir: Path
    dirty: worktrees.DirtyReport | None
    free_bytes: int
    room: Room
    spec_hash: str
    refusals: tuple[SweeptreeError, ...]
    notes: tuple[str, ...]

    @property
    def gpu_slots(self) -> int:
        """How many jobs the GPUs can take at once."""
        return capacity(self.detection.devices, self.gpus, self.spec.gpu_mem)

    @property
    def lookahead(self) -> int:
        """Jobs made ready beyond `parallel`, so that a freed GPU or core finds its next job
        waiting."""
        more = max(0, len(self.jobs) - self.parallel)
        if self.gpus:
            return min(self.parallel, len(self.jobs)) if self.parallel == self.gpu_slots else 0
        return min(more, max(1, self.parallel // 4)) if self.spec.use_worktree else 0


def prepare(spec: SweepSpec, settings: Settings, *, resume: bool = False) -> Prepared:
    """Find out everything about a sweep.

    Raises UsageError or Refused where nothing can be planned at all.
    """
    spec = _with_commands(spec)
    repo = repository.find_repository(spec.repo)
    base = repository.resolve_base(repo, spec.base)
    jobs = plan.make_jobs(spec)
    paths = SweepPaths(results_root(spec, repo) / spec.exp_name)
    detection = narrowed(detect(), spec.devices)
    per_job = _gpus_per_job(spec, detection)
    _check_memory(spec, detection, per_job)
    dirty = _dirty(spec, repo, base, jobs, paths)
    spec_hash = plan.spec_hash(spec, base.commit)
    room = Room(
        (paths.root, repo.pool_dir(spec.exp_name) if spec.use_worktree else repo.top), spec.min_free
    )
    refusals = [*_refusals(paths, spec, base, spec_hash, resume=resume), *_too_full(room)]
    if dirty is not None and dirty.must_refuse and spec.dirty == "refuse":
        refusals.append(
            Refused(
                "the worktrees would lack changes that are not committed:\n  "
                + "\n  ".join(dirty.lines),
                hint=(
                    "git add and git commit them",
                    "or pass --dirty snapshot to carry them, --dirty ignore to go without",
                ),
            )
        )
    return Prepared(
        spec=spec,
        repo=repo,
        base=base,
        jobs=jobs,
        paths=paths,
        parallel=min(
            spec.parallel or default_parallel(detection, per_job, spec.gpu_mem), max(1, len(jobs))
        ),
        gpus=per_job,
        detection=detection,
        slot_dir=settings.slot_dir,
        dirty=dirty,
        free_bytes=shutil.disk_usage(standing(paths.root)).free,
        room=room,
        spec_hash=spec_hash,
        refusals=tuple(refusals),
        notes=tuple(_notes(spec, detection, per_job)),
    )


def must_start(prepared: Prepared) -> Prepared:
    """Return what was prepared, or raise the first reason not to start."""
    if prepared.refusals:
        raise prepared.refusals[0]
    return prepared


def results_root(spec: SweepSpec, repo: repository.Repository) -> Path:
    """The folder that holds one folder per sweep.

    Raises Refused when results/ is a link out of the repository.
    """
    if spec.results_dir is not None:
        return (repo.top / spec.results_dir).resolve()
    root = Path.cwd() / "results" if repo.is_bare else repo.results_dir
    if root.is_symlink() and not root.resolve().is_relative_to(root.parent):
        raise Refused(
            f"{root} is a link to {root.resolve()}, outside the repository",
            hint=f"if you mean that place: --results_dir {root.resolve()}",
        )
    return root


def default_parallel(detection: Detection, per_job: int, memory: int | None = None) -> int:
    """As many jobs at once as there are GPU slots; without GPUs, as many as cores."""
    if per_job:
        return max(1, capacity(detection.devices, per_job, memory))
    return max(
        1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def _with_commands(spec: SweepSpec) -> SweepSpec:
    if spec.commands_file is None:
        return spec
    commands = plan.load_commands(str(spec.repo / spec.commands_file), None)
    return spec.model_copy(update={"commands": commands, "commands_file": None})


def _gpus_per_job(spec: SweepSpec, detection: Detection) -> int:
    have = len(detection.devices)
    if spec.gpus is None:
        return 1 if have else 0
    if spec.gpus > have:
        raise Refused(
            f"each job asks for {spec.gpus} GPU{'s' * (spec.gpus != 1)}, this machine offers {have}"
            + (f": {detection.why}" if detection.why else ""),
            hint=("sweeptree gpus", "or run on the cores with --gpus 0"),
        )
    return spec.gpus


def _check_memory(spec: SweepSpec, detection: Detection, per_job: int) -> None:
    """Raise Refused when no job can ever have the memory it asks for."""
    if not spec.gpu_mem or not per_job or capacity(detection.devices, per_job, spec.gpu_mem):
        return
    largest = max(device.memory_total for device in detection.devices)
    raise Refused(
        f"each job asks for {spec.gpu_mem / 1024:.1f} GB of each of {per_job} GPU{'s' * (per_job != 1)}, "
        f"and the largest GPU has {largest / 1024:.1f} GB",
        hint=("sweeptree gpus", "or lower --gpu_mem"),
    )


def _dirty(
    spec: SweepSpec,
    repo: repository.Repository,
    base: Base,
    jobs: tuple[Job, ...],
    paths: SweepPaths,
) -> worktrees.DirtyReport | None:
    if not spec.use_worktree or repo.is_bare or spec.dirty == "ignore":
        return None
    return worktrees.inspect(
        repo, base, [job.command for job in jobs], ignore=[paths.root.parent], links=spec.links
    )


def _refusals(
    paths: SweepPaths, spec: SweepSpec, base: Base, spec_hash: str, *, resume: bool
) -> list[SweeptreeError]:
    found: list[SweeptreeError] = []
    root = paths.root
    if root.is_symlink():
        return [
            Refused(f"{root} is a symbolic link", hint="remove it, or choose another --exp_name")
        ]
    if (running := holder(paths)) is not None:
        where = (
            f" (process {running['pid']} on {running['host']})"
            if "pid" in running and "host" in running
            else ""
        )
        found.append(
            Refused(
                f"a sweep named {spec.exp_name} is running{where}",
                hint=(f"sweeptree status {spec.exp_name}", "or choose another --exp_name"),
            )
        )
    elif root.exists():
        found.extend(_earlier(paths, spec, base, spec_hash, resume=resume))
    parent = standing(root)
    if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
        found.append(
            Refused(f"{parent} cannot be written", hint="choose another place with --results_dir")
        )
    return found


def _too_full(room: Room) -> list[SweeptreeError]:
    lack = room.lacking()
    hint = (
        "free some space",
        "or choose another place with --results_dir",
        "or lower --min_free, as in --min_free 100M",
    )
    return [Refused(f"there is no room to start: {lack}", hint=hint)] if lack else []


def _earlier(
    paths: SweepPaths, spec: SweepSpec, base: Base, spec_hash: str, *, resume: bool
) -> list[SweeptreeError]:
    name = paths.root.name
    if not paths.root.is_dir():
        return [
            Refused(f"{paths.root} is not a folder", hint="remove it, or choose another --exp_name")
        ]
    if not any(paths.root.iterdir()):
        return []
    try:
        before = read_sweep(paths)
    except RecordError:
        if not any(paths.root.glob("job_*")) and not paths.summary.exists():
            return []
        before = {}
    if not resume:
        return [
            Refused(
                f"{paths.root} holds the results of an earlier sweep",
                hint=(
                    "add --resume to go on with what is missing in it",
                    "or choose another --exp_name",
                ),
            )
        ]
    if before.get("spec_hash") != spec_hash:
        return [
            Refused(
                f"{name} was started with another spec, so it cannot be resumed with this one:\n  "
                + "\n  ".join(_difference(before, spec, base)),
                hint=(
                    f"sweeptree resume {name} goes on with the spec it had",
                    "or choose another --exp_name",
                ),
            )
        ]
    return []


def _difference(before: Mapping[str, Any], spec: SweepSpec, base: Base) -> list[str]:
    """What the sweep had and what it would get now, a line for each field that differs."""
    old, new = before.get("spec"), spec.model_dump(mode="json")
    if not isinstance(old, dict):
        return ["its sweep.json cannot be read"]
    had = {**old, "commit": (before.get("base") or {}).get("commit")}
    now = {**new, "commit": base.commit}
    return [
        f"{name}: {_short(had.get(name))} -> {_short(value)}"
        for name, value in now.items()
        if name in _DECIDING and had.get(name) != value
    ]


def _short(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value)} of them, first {str(value[0])[:60]!r}" if value else "none"
    return str(value)[:80]


def _notes(spec: SweepSpec, detection: Detection, per_job: int) -> list[str]:
    notes = list(detection.skipped)
    if not detection.devices:
        notes.append(f"no GPU: {detection.why or 'none found'}; the cores are the slots")
    elif not per_job:
        notes.append("the jobs ask for no GPU; the cores are the slots")
    if spec.auto_fix_before_pr and not spec.use_worktree:
        notes.append("auto-fix runs in the repository itself, because --use_worktree is not given")
    return notes


def check_options(spec: SweepSpec) -> SweepSpec:
    """Return the spec, or raise UsageError for options that contradict each other."""
    if (spec.commit_and_pr or spec.commit_and_pr_best) and not spec.use_worktree:
        raise UsageError(
            "--commit_and_pr needs --use_worktree: without it all jobs share one tree, "
            "and nobody knows whose change is whose",
            hint="add --use_worktree",
        )
    if spec.gpu_mem and spec.gpus == 0:
        raise UsageError(
            "--gpu_mem says what a job needs of a GPU, and --gpus 0 gives it none",
            hint="drop one of them",
        )
    return spec


def with_snapshot(prepared: Prepared) -> Prepared:
    """Pin the uncommitted changes as a commit of their own, when asked for and when there are any."""
    dirty = prepared.dirty
    if prepared.spec.dirty != "snapshot" or dirty is None or dirty.is_clean:
        return prepared
    results = prepared.paths.root.parent
    base = repository.snapshot(
        prepared.repo, prepared.base, prepared.spec.exp_name, ignore=[results]
    )
    left_out = [f"not carried in the snapshot: {path}" for path in base.left_out]
    return replace(
        prepared,
        base=base,
        spec_hash=plan.spec_hash(prepared.spec, base.commit),
        notes=(*prepared.notes, *left_out),
    )
