"""What was prepared, as the values of the plan's screen and as a document.

Hides: where pull requests would go, which is looked up without any request.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sweeptree.cli.screens.screens import PlanView

if TYPE_CHECKING:
    from sweeptree.publish.delivery import Target
    from sweeptree.sweep.preflight import PreparedSweep

_SHOWN_GPUS = 4


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
    base = prepared.base
    return {
        "exp_name": prepared.spec.exp_name,
        "dry_run": True,
        "spec_hash": prepared.spec_hash,
        "base": {
            "commit": base.commit,
            "name": base.name,
            "subject": base.subject,
            "branch": base.branch,
        },
        "parallel": prepared.parallel,
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
        "refusals": [
            {"message": error.message, "hint": list(error.hint), "exit_code": error.exit_code}
            for error in prepared.refusals
        ],
        "notes": list(prepared.notes),
        "jobs": [
            {
                "id": job.index,
                "cmd": job.command,
                "params": dict(job.params),
                "seed": job.seed,
                "config_id": job.config_id,
            }
            for job in prepared.jobs
        ],
    }


def _facts(prepared: PreparedSweep) -> list[tuple[str, str]]:
    spec = prepared.spec
    facts = [
        ("worktrees", _worktrees(prepared)),
        ("links", _links(prepared)),
        ("results", f"{prepared.paths.root}   {prepared.free_bytes / 1e9:,.0f} GB free"),
        ("slots", _slots(prepared)),
        (
            "metric",
            f"{spec.metric}, from $SWEEPTREE_METRICS, else from the log" if spec.metric else "",
        ),
        ("limits", _limits(prepared)),
        ("after", _after(prepared)),
    ]
    return [(label, text) for label, text in facts if text]


def _worktrees(prepared: PreparedSweep) -> str:
    if not prepared.spec.use_worktree:
        return (
            f"none: the jobs run in {prepared.repo.top} itself (--use_worktree gives each its own)"
        )
    return f"{prepared.parallel + prepared.lookahead} below .sweeptree/wt/{prepared.spec.exp_name}/, used in turn"


def _links(prepared: PreparedSweep) -> str:
    """What worktrees get beside the commit."""
    dirty = prepared.dirty
    if dirty is None or not (dirty.links or dirty.copies):
        return ""
    copied = f"   {len(dirty.copies)} files of .worktreeinclude copied" if dirty.copies else ""
    return ", ".join(f"{link}/" for link in dirty.links) + copied


def _slots(prepared: PreparedSweep) -> str:
    devices = prepared.detection.devices
    if not prepared.gpus:
        return f"{prepared.parallel} at a time on the cores"
    shown = [
        f"{gpu.index} {gpu.name} {gpu.memory_free / 1024:.1f} of {gpu.memory_total / 1024:.0f} GB free"
        for gpu in devices[:_SHOWN_GPUS]
    ]
    more = [f"and {len(devices) - _SHOWN_GPUS} more"] if len(devices) > _SHOWN_GPUS else []
    memory = f" and {prepared.spec.gpu_mem / 1024:.1f} GB" if prepared.spec.gpu_mem else ""
    return f"{prepared.gpu_slots} with {prepared.gpus} GPU{memory} each: " + ", ".join(
        [*shown, *more]
    )


def _limits(prepared: PreparedSweep) -> str:
    spec = prepared.spec
    told = [
        f"{spec.timeout:g} s per job" if spec.timeout else "",
        f"{spec.time_limit:g} s in all" if spec.time_limit else "",
        f"{spec.retries} retries" if spec.retries else "",
        "no more starts after a failed job" if spec.on_fail == "stop" else "",
    ]
    return ", ".join(text for text in told if text)


def _after(prepared: PreparedSweep) -> str:
    spec = prepared.spec
    told = [
        f"auto-fix: {spec.auto_fix_script}" if spec.auto_fix_before_pr else "",
        *_deliveries(prepared),
        f"labels: {', '.join(spec.post_pr_labels)}" if spec.post_pr_labels else "",
        f"reviewers: {', '.join(spec.post_pr_reviewers)}" if spec.post_pr_reviewers else "",
    ]
    return "   ".join(text for text in told if text)


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
    """What the sweep would push and open on a forge; empty where all of it stays on this machine."""
    whose = _whose(prepared)
    where = _on_forge(_target(prepared)) if whose else ""
    return f"{where} {', and '.join(whose)}" if where else ""


def _whose(prepared: PreparedSweep) -> list[str]:
    spec = prepared.spec
    every = [_each(prepared)] if spec.commit_and_pr else []
    return [*every, *(["for the best job"] if spec.commit_and_pr_best else [])]


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
