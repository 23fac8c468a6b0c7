"""The plan of a sweep, as a screen and as a document. Values in, text out; nothing is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sweeptree.cli.terminal import Column, printable, readable, shorten, table, width
from sweeptree.model import Job

if TYPE_CHECKING:
    from sweeptree.preflight import Prepared

_SHOWN_JOBS = 12
_SHOWN_GPUS = 4


def plan_screen(prepared: Prepared, *, all_jobs: bool = False, command: str = "", room: int | None = None) -> str:
    """What a run would do: code, places, slots, the first jobs and the last, and what forbids a start.

    `command` is the line that would run it; without it the screen says to leave --dry_run out.
    """
    room = room or width()
    many = len(prepared.jobs)
    lines = [
        f"Plan  {prepared.spec.exp_name}   {many} job{'s' * (many != 1)}, {prepared.parallel} at a time"
        "   nothing has been changed (dry run)",
        "",
        *(_fact(label, text) for label, text in _facts(prepared)),
        "",
        *_job_lines(prepared, room, everything=all_jobs),
    ]
    problems = ["\n".join([error.message, *error.hint]) for error in prepared.refusals]
    for mark, told in (("!", problems), ("-", prepared.notes)):
        lines += ["", *(line for text in told for line in point_lines(mark, text))] if told else []
    lines += ["", *_end(prepared, command)]
    return readable("\n".join(lines))


def plan_document(prepared: Prepared) -> dict[str, Any]:
    """The same as one document: for `--dry_run --json`."""
    base = prepared.base
    return {
        "exp_name": prepared.spec.exp_name,
        "dry_run": True,
        "spec_hash": prepared.spec_hash,
        "base": {"commit": base.commit, "name": base.name, "subject": base.subject, "branch": base.branch},
        "parallel": prepared.parallel,
        "gpus_per_job": prepared.gpus,
        "gpus": [{"uuid": gpu.uuid, "index": gpu.index, "name": gpu.name} for gpu in prepared.detection.devices],
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


def point_lines(mark: str, text: str) -> list[str]:
    """One point of a list; its further lines stand below the first."""
    first, *rest = text.splitlines() or [""]
    return [f"{mark} {printable(first)}", *(f"  {printable(line)}" for line in rest)]


def _fact(label: str, text: str) -> str:
    return f"  {label:<9} {printable(text)}"


def _facts(prepared: Prepared) -> list[tuple[str, str]]:
    spec, base = prepared.spec, prepared.base
    name = base.branch if base.name == "HEAD" and base.branch else base.name
    facts = [
        ("code", f'{name} @ {base.commit[:7]} "{shorten(base.subject, 40)}"   pinned for all jobs'),
        ("worktrees", _worktrees(prepared)),
        ("results", f"{prepared.paths.root}   {prepared.free_bytes / 1e9:,.0f} GB free"),
        ("slots", _slots(prepared)),
        ("metric", f"{spec.metric}, from $SWEEPTREE_METRICS, else from the log" if spec.metric else ""),
        ("limits", _limits(prepared)),
        ("after", _after(prepared)),
    ]
    return [(label, text) for label, text in facts if text]


def _worktrees(prepared: Prepared) -> str:
    if not prepared.spec.use_worktree:
        return f"none: the jobs run in {prepared.repo.top} itself (--use_worktree gives each its own)"
    return f"{prepared.parallel + prepared.lookahead} below .sweeptree/wt/{prepared.spec.exp_name}/, used in turn"


def _slots(prepared: Prepared) -> str:
    devices = prepared.detection.devices
    if not prepared.gpus:
        return f"{prepared.parallel} at a time on the cores"
    shown = [
        f"{gpu.index} {gpu.name} {gpu.memory_free / 1024:.1f} of {gpu.memory_total / 1024:.0f} GB free"
        for gpu in devices[:_SHOWN_GPUS]
    ]
    more = [f"and {len(devices) - _SHOWN_GPUS} more"] if len(devices) > _SHOWN_GPUS else []
    return f"{len(devices) // prepared.gpus} with {prepared.gpus} GPU each: " + ", ".join([*shown, *more])


def _limits(prepared: Prepared) -> str:
    spec = prepared.spec
    told = [
        f"{spec.timeout:g} s per job" if spec.timeout else "",
        f"{spec.time_limit:g} s in all" if spec.time_limit else "",
        f"{spec.retries} retries" if spec.retries else "",
        "no more starts after a failed job" if spec.on_fail == "stop" else "",
    ]
    return ", ".join(text for text in told if text)


def _after(prepared: Prepared) -> str:
    spec = prepared.spec
    told = [
        f"auto-fix: {spec.auto_fix_script}" if spec.auto_fix_before_pr else "",
        f"a branch per job that changed tracked files, at most {spec.max_prs}" if spec.commit_and_pr else "",
        f"labels: {', '.join(spec.post_pr_labels)}" if spec.post_pr_labels else "",
        f"reviewers: {', '.join(spec.post_pr_reviewers)}" if spec.post_pr_reviewers else "",
    ]
    return "   ".join(text for text in told if text)


def _job_lines(prepared: Prepared, room: int, *, everything: bool) -> list[str]:
    columns = (
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("command", flexible=True),
        Column("takes", rank=1),
    )
    jobs = prepared.jobs
    cut = not everything and len(jobs) > _SHOWN_JOBS
    shown = [*jobs[: _SHOWN_JOBS - 2], jobs[-1]] if cut else list(jobs)
    takes = f"{prepared.gpus} GPU" if prepared.gpus else ""
    lines = table(columns, [_job_row(job, takes) for job in shown], room)
    if cut:
        lines.insert(len(shown), f"  … {len(jobs) - len(shown)} more jobs (--all)")
    return lines


def _job_row(job: Job, takes: str) -> Sequence[str]:
    seed = "" if job.seed is None else str(job.seed)
    return [str(job.index), printable(job.config_id), seed, printable(job.command), takes]


def _end(prepared: Prepared, command: str) -> list[str]:
    if prepared.refusals:
        code = prepared.refusals[0].exit_code
        return [f"A real run would stop here with exit code {code} and start nothing. Put that right first."]
    if command:
        return ["To run it:", f"  {printable(command)}"]
    return ["To run it, leave --dry_run out."]
