"""What a sweep would do, found out without changing one byte: `--dry_run` prints it, a real run
obeys it.

    spec → commands → jobs → slots → base → dirty → room → prepared

Hides where each answer comes from (repository, GPUs, disk, earlier results) and which answers
forbid a start.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sweeptree import plan, repository, supervise, worktrees
from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.gpus import Detection, capacity, detect
from sweeptree.model import Base, Device, Job, SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.repository.commit_paths import read_commit_paths
from sweeptree.settings import Settings
from sweeptree.sweep import refusals
from sweeptree.sweep.editable import Editable, find_editable
from sweeptree.sweep.refusals import Pinned
from sweeptree.sweep.shares import Shares, share_out
from sweeptree.sweep.turns import Turns
from sweeptree.system.room import Room, nearest_existing
from sweeptree.worktrees.links import LinksAndCopies

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PreparedSweep:
    """A sweep ready to start, or not: `refusals` says why not.

    `parallel` jobs at once, `gpus` per job; `places`: where they run, a line each (none: here).
    `beside`: what worktrees get beside the commit (None: from the user's checkout); `environ`:
    further variables for the jobs. `far_devices`: the GPUs of other hosts, by their names.
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
    editable: Editable = field(default_factory=Editable)
    places: tuple[str, ...] = ()
    beside: LinksAndCopies | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    far_devices: Mapping[str, tuple[Device, ...]] = field(default_factory=dict)

    @property
    def gpu_slots(self) -> int:
        """How many jobs the GPUs can take at once."""
        return capacity(self.detection.devices, self.gpus, self.spec.gpu_mem)

    @property
    def lookahead(self) -> int:
        """Jobs made ready beyond `parallel`, so that a freed GPU or core finds its next job
        waiting."""
        if self.gpus:
            fills_the_gpus = self.parallel == self.gpu_slots
            return min(self.parallel, len(self.jobs)) if fills_the_gpus else 0
        if self.places or not self.spec.use_worktree:
            return 0
        more = max(0, len(self.jobs) - self.parallel)
        return min(more, max(1, self.parallel // 4))


class Planner(Protocol):
    """Who knows where the commands of a sweep are to run, and so what its plan says of that."""

    @property
    def is_here(self) -> bool:
        """Whether they run on this machine, in environments that can be looked at."""

    def shares(self, spec: SweepSpec, jobs: int) -> Shares:
        """The shares of this many jobs. Raises Refused where they can never be had."""

    def planned(self, prepared: PreparedSweep) -> PreparedSweep:
        """The plan with what is to be said of the places: notes, and reasons not to start."""

    def lives(self, prepared: PreparedSweep) -> int:
        """How many jobs are to be under way at once, one thread each: those that run, and those
        that wait."""

    def turns(self, prepared: PreparedSweep) -> Turns | None:
        """By which turns commands begin; None: something else admits them."""


class OnThisMachine:
    """The plan of a sweep whose commands run here; see `Planner`."""

    is_here = True

    def shares(self, spec: SweepSpec, jobs: int) -> Shares:
        """By the GPUs, or the cores, of this machine."""
        return share_out(spec, detect(), jobs)

    def planned(self, prepared: PreparedSweep) -> PreparedSweep:
        """There is nothing more to say."""
        return prepared

    def lives(self, prepared: PreparedSweep) -> int:
        """Those that run, and those that make themselves ready."""
        return prepared.parallel + prepared.lookahead

    def turns(self, prepared: PreparedSweep) -> Turns | None:
        """A GPU job waits for its GPU instead; unless none may begin behind a failed one, whose
        GPU is free before we know how it ended."""
        if prepared.gpus and prepared.spec.on_fail != "stop":
            return None
        return Turns(prepared.parallel, prepared.lookahead)


def prepare(
    spec: SweepSpec,
    settings: Settings,
    *,
    resume: bool = False,
    planner: Planner | None = None,
) -> PreparedSweep:
    """Find out everything about a sweep: the one place where that is done.

    `planner` None: it runs on this machine. Raises UsageError or Refused where nothing can be
    planned at all.
    """
    planner = planner or OnThisMachine()
    return planner.planned(_prepared(spec, settings, planner, resume=resume))


def _prepared(
    spec: SweepSpec, settings: Settings, planner: Planner, *, resume: bool
) -> PreparedSweep:
    spec = with_commands(check_options(spec))
    jobs = plan.make_jobs(spec)
    shares = planner.shares(spec, len(jobs))
    repo = repository.find_repository(spec.repo)
    base = repository.resolve_base(repo, spec.base)
    paths = SweepPaths(results_root(spec, repo) / spec.exp_name)
    dirty = find_dirt(Checkout(repo, base), spec, jobs, paths)
    room = find_room(spec, repo, paths)
    editable = _editable(spec, Checkout(repo, base), jobs) if planner.is_here else Editable()
    pinned = Pinned(spec, base, plan.spec_hash(spec, base.commit))
    return PreparedSweep(
        spec=spec,
        repo=repo,
        base=base,
        jobs=jobs,
        paths=paths,
        parallel=shares.parallel,
        gpus=shares.per_job,
        detection=shares.detection,
        slot_dir=settings.slot_dir,
        dirty=dirty,
        free_bytes=shutil.disk_usage(nearest_existing(paths.root)).free,
        room=room,
        spec_hash=pinned.spec_hash,
        refusals=(
            *refusals.of_results(paths, pinned, resume=resume),
            *refusals.of_room(room),
            *refusals.of_dirt(dirty, spec),
            *refusals.of_fix(spec, repo, base),
            *(refusals.of_slots(settings.slot_dir) if shares.per_job else ()),
        ),
        notes=(
            *_notes(spec, shares),
            *(dirty.notes if dirty else ()),
            *_absolute_notes(spec, Checkout(repo, base), jobs),
            *_editable_notes(editable, jobs),
            *_cap_notes(spec, settings),
            *plan.grid_remarks(spec.grid),
            *plan.remarks(jobs),
            *_missing_scripts(spec, repo, jobs),
        ),
        editable=editable,
        places=shares.places,
    )


def must_start(prepared: PreparedSweep) -> PreparedSweep:
    """Return what was prepared, or raise the first reason not to start."""
    if prepared.refusals:
        raise prepared.refusals[0]
    return prepared


def check_options(spec: SweepSpec) -> SweepSpec:
    """Return the spec, or raise UsageError for options that contradict each other."""
    if spec.delivers and not spec.use_worktree:
        raise UsageError(
            "--commit_and_pr needs --use_worktree: without it all jobs share one tree, "
            "and nobody knows whose change is whose",
            hint="add --use_worktree",
        )
    if spec.keep_worktrees != "failed" and not spec.use_worktree:
        raise UsageError(
            f"--keep_worktrees {spec.keep_worktrees} needs --use_worktree: "
            "without it there are none to keep",
            hint="add --use_worktree",
        )
    if spec.gpu_mem and spec.gpus == 0:
        raise UsageError(
            "--gpu_mem says what a job needs of a GPU, and --gpus 0 gives it none",
            hint="drop one of them",
        )
    return spec


def with_commands(spec: SweepSpec) -> SweepSpec:
    """The spec with the commands that its file holds."""
    if spec.commands_file is None:
        return spec
    commands = plan.load_commands(str(spec.repo / spec.commands_file), None)
    return spec.model_copy(update={"commands": commands, "commands_file": None})


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


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the user stands, and the commit that the sweep is pinned to."""

    repo: repository.Repository
    base: Base


def find_dirt(
    checkout: Checkout, spec: SweepSpec, jobs: tuple[Job, ...], paths: SweepPaths
) -> worktrees.DirtyReport | None:
    """What of the user's tree the worktrees would lack; None where that does not matter."""
    if not spec.use_worktree or checkout.repo.is_bare or spec.dirty == "ignore":
        return None
    commands = [job.command for job in jobs]
    results = [paths.root.parent]
    found = worktrees.named_environments(checkout.repo, commands, spec.setup)
    links = worktrees.links_with_environments(checkout.repo, checkout.base, spec.links, found)
    return worktrees.inspect(checkout.repo, checkout.base, commands, ignore=results, links=links)


def find_room(spec: SweepSpec, repo: repository.Repository, paths: SweepPaths) -> Room:
    """Where the jobs will write, and how much must be free there."""
    work = repo.pool_dir(spec.exp_name) if spec.use_worktree else repo.top
    return Room((paths.root, work), spec.min_free)


def _editable(spec: SweepSpec, checkout: Checkout, jobs: tuple[Job, ...]) -> Editable:
    """Editable installs that would lead the jobs' imports into the checkout."""
    repo = checkout.repo
    if not spec.use_worktree or repo.is_bare:
        return Editable()

    def is_committed(folder: str) -> bool:
        return folder == "." or read_commit_paths(repo, checkout.base.commit).has(folder)

    environ = supervise.without_own_venv(os.environ)
    commands = [job.command for job in jobs]
    return find_editable(repo.start, commands, environ, is_committed)


def _absolute_notes(spec: SweepSpec, checkout: Checkout, jobs: tuple[Job, ...]) -> list[str]:
    repo, base = checkout.repo, checkout.base
    if not spec.use_worktree or repo.is_bare:
        return []
    return worktrees.absolute_notes(repo, base, [job.command for job in jobs])


def _editable_notes(editable: Editable, jobs: tuple[Job, ...]) -> list[str]:
    """What was done about them, and the jobs that it does not reach."""
    notes = []
    if editable.folders:
        names = ", ".join(editable.folders)
        why = "PYTHONPATH puts the worktree's own first, so that jobs import the pinned commit"
        notes.append(f"an editable install leads into this checkout ({names}): {why}")
    for sentence, which in _out_of_reach(editable, jobs).items():
        more = f" and {len(which) - _SHOWN} more" if len(which) > _SHOWN else ""
        numbers = ", ".join(which[:_SHOWN]) + more
        notes.append(f"NOT the pinned commit in job {numbers}: {sentence}")
    return notes


def _out_of_reach(editable: Editable, jobs: tuple[Job, ...]) -> dict[str, list[str]]:
    """Each reason once, with the numbers of its jobs."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        for sentence in editable.out_of_reach(job.command):
            found.setdefault(sentence, []).append(str(job.index))
    return found


def _cap_notes(spec: SweepSpec, settings: Settings) -> list[str]:
    """A bound that the user has set on what is kept."""
    cap = settings.artifacts_cap
    if not cap or not spec.use_worktree:
        return []
    bound = f"of each job's files at most {cap:,} bytes go to its artifacts"
    rest = "a job that makes more keeps its worktree, which then holds the rest"
    return [f"SWEEPTREE_ARTIFACTS_CAP: {bound}; {rest}"]


def _notes(spec: SweepSpec, shares: Shares) -> tuple[str, ...]:
    notes = shares.notes
    if spec.auto_fix_before_pr and not spec.use_worktree:
        own = "auto-fix runs in the repository itself, because --use_worktree is not given"
        return (*notes, own)
    return notes


def _missing_scripts(
    spec: SweepSpec, repo: repository.Repository, jobs: tuple[Job, ...]
) -> list[str]:
    """The scripts of commands that stand nowhere; a set-up command may make what is not there."""
    is_here = spec.base == SweepSpec.model_fields["base"].default
    if repo.is_bare or spec.setup or not is_here:
        return []
    named = dict.fromkeys(path for job in jobs for path in plan.scripts(job.command))
    missing = [path for path in named if not _stands_here(repo, path)]
    return [f"{path} is named by a command and does not exist" for path in missing[:_SHOWN]]


def _stands_here(repo: repository.Repository, path: str) -> bool:
    folders = (repo.start / repo.subfolder, repo.start)
    return any((folder / path).exists() for folder in folders)


def with_snapshot(prepared: PreparedSweep) -> PreparedSweep:
    """Pin the uncommitted changes as a commit of their own, where that was asked for."""
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
