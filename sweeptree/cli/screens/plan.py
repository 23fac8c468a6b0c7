"""The plan of a dry run: as a screen and as a document.

Hides: where pull requests would go, which is looked up without any request.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeptree.cli.screens.terminal import (
    Column,
    counted,
    fact_line,
    point_lines,
    printable,
    readable,
    shorten,
    table,
    width,
)
from sweeptree.errors import SweeptreeError
from sweeptree.model import Base, Device, Job, SweepSpec

if TYPE_CHECKING:
    from sweeptree.publish.delivery import Target
    from sweeptree.sweep.preflight import PreparedSweep

_SHOWN_GPUS = 4
_SHOWN_JOBS = 12
_COLUMNS = (
    Column("job", right=True),
    Column("config", flexible=True),
    Column("seed", right=True),
    Column("command", flexible=True),
    Column("takes", rank=1),
)


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a dry run tells.

    `facts` are (label, text) lines; `problems` forbid a start; `notes` do not.

    `per_job` says what each job takes (`1 GPU slot`); `command` is the line that would run it for
    real.
    """

    exp_name: str
    jobs: Sequence[Job]
    parallel: int
    base: Base
    facts: Sequence[tuple[str, str]] = ()
    per_job: str = ""
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()
    command: str = ""


def plan_screen(plan: PlanView, room: int | None = None, *, everything: bool = False) -> str:
    """The plan: code, facts, the first jobs and the last, what forbids a start, what is notable."""
    lines = [
        f"{_headline(plan)}   nothing has been changed (dry run)",
        "",
        *_planned(plan, room, everything=everything),
        "",
        *_plan_end(plan),
    ]
    return readable("\n".join(lines).rstrip() + "\n")


def plan_facts(plan: PlanView) -> str:
    """The same for one that is acted on: without a word on how to go on."""
    return readable(
        "\n".join([_headline(plan), "", *_planned(plan, None, everything=False)]) + "\n"
    )


def _planned(plan: PlanView, room: int | None, *, everything: bool) -> list[str]:
    return [
        fact_line("code", f"{_code(plan.base)}   pinned for all jobs"),
        *(fact_line(label, text) for label, text in plan.facts),
        "",
        *_planned_jobs(plan, room or width(), everything=everything),
        *_paragraph("!", plan.problems),
        *_paragraph("-", plan.notes),
    ]


def _headline(plan: PlanView) -> str:
    return f"Plan  {plan.exp_name}   {counted(len(plan.jobs), 'job')}, {plan.parallel} at a time"


def _code(base: Base) -> str:
    is_branch = base.name == "HEAD" and base.branch
    name = base.branch if is_branch else base.name
    return f'{printable(name or "")} @ {base.commit[:7]} "{shorten(printable(base.subject), 40)}"'


def _paragraph(mark: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    return ["", *(line for text in texts for line in point_lines(mark, text))]


def _planned_jobs(plan: PlanView, room: int, *, everything: bool) -> list[str]:
    if everything or len(plan.jobs) <= _SHOWN_JOBS:
        return _job_lines(plan, plan.jobs, room)
    shown = [*plan.jobs[: _SHOWN_JOBS - 2], plan.jobs[-1]]
    lines = _job_lines(plan, shown, room)
    lines.insert(len(shown), f"  … {len(plan.jobs) - len(shown)} more jobs (--all)")
    return lines


def _job_lines(plan: PlanView, jobs: Sequence[Job], room: int) -> list[str]:
    rows = [_job_row(job, plan.per_job) for job in jobs]
    return table(_COLUMNS, rows, room)


def _job_row(job: Job, takes: str) -> list[str]:
    seed = "" if job.seed is None else str(job.seed)
    return [str(job.index), printable(job.config_id), seed, printable(job.command), takes]


def _plan_end(plan: PlanView) -> list[str]:
    if plan.problems:
        return [
            "A real run would stop here with exit code 3 and start nothing. Put that right first."
        ]
    if plan.command:
        return ["To run it:", f"  {printable(plan.command)}"]
    return ["To run it, leave --dry_run out."]


def plan_view(prepared: PreparedSweep, *, command: str = "") -> PlanView:
    """The values of the plan's screen.

    `command` is the line that would run it for real, if known.
    """
    return PlanView(
        exp_name=prepared.spec.exp_name,
        jobs=prepared.jobs,
        parallel=prepared.parallel,
        base=prepared.base,
        facts=_facts(prepared),
        per_job=f"{prepared.gpus} GPU" if prepared.gpus else "",
        problems=["\n".join([error.message, *error.hint]) for error in prepared.refusals],
        notes=prepared.notes,
        command=command,
    )


def plan_document(prepared: PreparedSweep) -> dict[str, Any]:
    """The same as one document: for `--dry_run --json`."""
    return {
        "exp_name": prepared.spec.exp_name,
        "dry_run": True,
        "spec_hash": prepared.spec_hash,
        "base": asdict(prepared.base),
        "parallel": prepared.parallel,
        "places": list(prepared.places),
        "gpus_per_job": prepared.gpus,
        "gpu_mem_per_job": prepared.spec.gpu_mem,
        "gpus": [
            {"uuid": gpu.uuid, "index": gpu.index, "name": gpu.name}
            for gpu in prepared.detection.devices
        ],
        "results": str(prepared.paths.root),
        "use_worktree": prepared.spec.use_worktree,
        "free_bytes": prepared.free_bytes,
        "would_start": not prepared.refusals,
        "refusals": [_refusal_document(error) for error in prepared.refusals],
        "notes": list(prepared.notes),
        "publishes": published(prepared),
        "uncommitted": _uncommitted(prepared),
        "spec": prepared.spec.model_dump(mode="json"),
        "jobs": [_job_document(job) for job in prepared.jobs],
    }


def _uncommitted(prepared: PreparedSweep) -> str | None:
    """A digest of what a snapshot would carry, by name, size and time; None where there is none."""
    dirty = prepared.dirty
    if prepared.spec.dirty != "snapshot" or dirty is None:
        return None
    names = sorted({*dirty.changed, *(need.path for need in dirty.needed), *dirty.others})
    signs = [f"{name}\0{_sign(prepared.repo.start / name)}" for name in names]
    return hashlib.sha256("\n".join(signs).encode(errors="surrogateescape")).hexdigest()[:16]


def _sign(path: Path) -> str:
    try:
        info = path.lstat()
    except OSError:
        return "gone"
    return f"{info.st_size} {info.st_mtime_ns}"


def _refusal_document(error: SweeptreeError) -> dict[str, Any]:
    return {"message": error.message, "hint": list(error.hint), "exit_code": error.exit_code}


def _job_document(job: Job) -> dict[str, Any]:
    return {
        "id": job.index,
        "cmd": job.command,
        "params": dict(job.params),
        "seed": job.seed,
        "config_id": job.config_id,
    }


def _facts(prepared: PreparedSweep) -> list[tuple[str, str]]:
    facts = [
        ("worktrees", _worktrees(prepared)),
        ("links", _links(prepared)),
        ("results", f"{prepared.paths.root}   {prepared.free_bytes / 1e9:,.0f} GB free"),
        ("slots", _slots(prepared)),
        ("metric", _metric(prepared.spec)),
        ("limits", _limits(prepared.spec)),
        ("after", _after(prepared)),
    ]
    return [(label, text) for label, text in facts if text]


def _metric(spec: SweepSpec) -> str:
    return (
        f"{spec.metric}, from $SWEEPTREE_METRICS, files that jobs write, or the log"
        if spec.metric
        else ""
    )


def _worktrees(prepared: PreparedSweep) -> str:
    if prepared.places:
        return "where the jobs run; here only for what is fixed or delivered"
    if not prepared.spec.use_worktree:
        top = prepared.repo.top
        return f"none: the jobs run in {top} itself (--use_worktree gives each its own)"
    many = prepared.parallel + prepared.lookahead
    return f"{many} below .sweeptree/wt/{prepared.spec.exp_name}/, used in turn"


def _links(prepared: PreparedSweep) -> str:
    """What worktrees get beside the commit."""
    dirty = prepared.dirty
    if dirty is None or not (dirty.links or dirty.copies):
        return ""
    copied = f"   {len(dirty.copies)} files of .worktreeinclude copied" if dirty.copies else ""
    return ", ".join(f"{link}/" for link in dirty.links) + copied


def _slots(prepared: PreparedSweep) -> str:
    if prepared.places:
        return "; ".join(prepared.places)
    if not prepared.gpus:
        return f"{prepared.parallel} at a time on the cores"
    memory = f" and {prepared.spec.gpu_mem / 1024:.1f} GB" if prepared.spec.gpu_mem else ""
    devices = _devices(prepared.detection.devices)
    return f"{prepared.gpu_slots} with {prepared.gpus} GPU{memory} each: {devices}"


def _devices(devices: Sequence[Device]) -> str:
    shown = [_device(device) for device in devices[:_SHOWN_GPUS]]
    more = len(devices) - _SHOWN_GPUS
    if more > 0:
        shown.append(f"and {more} more")
    return ", ".join(shown)


def _device(gpu: Device) -> str:
    free, total = gpu.memory_free / 1024, gpu.memory_total / 1024
    return f"{gpu.index} {gpu.name} {free:.1f} of {total:.0f} GB free"


def _limits(spec: SweepSpec) -> str:
    limits = []
    if spec.timeout:
        limits.append(f"{spec.timeout:g} s per job")
    if spec.time_limit:
        limits.append(f"{spec.time_limit:g} s in all")
    if spec.retries:
        limits.append(f"{spec.retries} retries")
    if spec.on_fail == "stop":
        limits.append("no more starts after a failed job")
    elif spec.stop_after_same:
        limits.append(_same_limit(spec.stop_after_same))
    return ", ".join(limits)


def _same_limit(many: int) -> str:
    if many == 1:
        return "no more starts when the first job fails (--stop_after_same)"
    return f"no more starts when the first {many} all fail alike (--stop_after_same)"


def _after(prepared: PreparedSweep) -> str:
    spec = prepared.spec
    steps = [_auto_fix(prepared)] if spec.auto_fix_before_pr else []
    steps += _deliveries(prepared)
    if spec.post_pr_labels:
        steps.append(f"labels: {', '.join(spec.post_pr_labels)}")
    if spec.post_pr_reviewers:
        steps.append(f"reviewers: {', '.join(spec.post_pr_reviewers)}")
    return "   ".join(steps)


def _auto_fix(prepared: PreparedSweep) -> str:
    from sweeptree.sweep.auto_fix import uses_own_fix

    if uses_own_fix(prepared.spec, prepared.repo):
        return "auto-fix: ruff and pre-commit on what the job changed"
    return f"auto-fix: {prepared.spec.auto_fix_script}"


def _deliveries(prepared: PreparedSweep) -> list[str]:
    """Where the jobs' changes would go."""
    spec = prepared.spec
    if not (spec.commit_and_pr or spec.commit_and_pr_best):
        return []
    target = _target(prepared)
    where = _on_forge(target)
    if where:
        return [f"{where} {whose}" for whose in _whose(prepared)]
    why = f" (no pull request: {target.hints[0]})" if target.hints else ""
    return [f"a local branch {_each(prepared)}{why}"]


def published(prepared: PreparedSweep) -> str:
    """What the sweep would push and open on a forge; empty where all stays on this machine."""
    whose = _whose(prepared)
    where = _on_forge(_target(prepared)) if whose else ""
    return f"{where} {', and '.join(whose)}" if where else ""


def _whose(prepared: PreparedSweep) -> list[str]:
    spec = prepared.spec
    whose = [_each(prepared)] if spec.commit_and_pr else []
    if spec.commit_and_pr_best:
        whose.append("for the best job")
    return whose


def _each(prepared: PreparedSweep) -> str:
    return f"per job that changed tracked files, at most {prepared.spec.max_prs}"


def _on_forge(target: Target) -> str:
    if target.forge is None or target.remote is None:
        return ""
    return f"a branch pushed to {target.remote.url} and a draft pull request in {target.forge.name}"


def _target(prepared: PreparedSweep) -> Target:
    """Asks the repository and the environment, nobody else."""
    from sweeptree.publish.delivery import Context, Options, find_target
    from sweeptree.settings import Settings

    return find_target(prepared.repo.start, Options(), Context.of(Settings(), os.environ))
