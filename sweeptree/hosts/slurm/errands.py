"""What the nodes are told of a sweep's jobs: the content of a manifest.

Hides where each fact comes from. A node adds the number of its attempt and the place of its
worktree, which only it knows.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from sweeptree import supervise
from sweeptree.analysis import datasets
from sweeptree.model import Job
from sweeptree.records.paths import ATTEMPT_FILE, LAUNCH_NAME
from sweeptree.repository import plumbing
from sweeptree.sweep.running import Sweep

_ONLY_THE_NODE_KNOWS = ("SWEEPTREE_ATTEMPT", "SWEEPTREE_WORKTREE")
_ID, _ID_BYTES = "sweep_id", 4
_NUMBER, _WHAT, _SUFFIX = "{number}", "{what}", "{suffix}"


def common(sweep: Sweep) -> dict[str, Any]:
    """What holds for all jobs."""
    prepared, spec = sweep.prepared, sweep.spec
    told: dict[str, Any] = {
        "commit": prepared.base.commit,
        "setup": spec.setup,
        "timeout": spec.timeout,
        "grace": spec.grace,
        "log_cap": sweep.settings.log_cap,
        "artifacts_cap": sweep.settings.artifacts_cap,
        "state": str(sweep.paths.state.resolve()),
        "import_path": prepared.editable.folders,
        "subfolder": str(prepared.repo.subfolder),
        "place": str(prepared.repo.start / prepared.repo.subfolder),
    }
    return {**told, **_of_repository(sweep)}


def _of_repository(sweep: Sweep) -> dict[str, Any]:
    """Where a node has its worktree from; without worktrees the jobs run in the repository."""
    if sweep.pool is None:
        return {"repo": None, "links": [], "copies": []}
    common_dir, extras = sweep.prepared.repo.common_dir, sweep.pool.extras
    return {
        "repo": str(common_dir),
        "cache": hashlib.sha256(os.fsencode(common_dir)).hexdigest()[:16],
        "ref": base_ref(sweep),
        "quarantine": f"refs/sweeptree/quarantine/{sweep_id(sweep)}",
        "links": [[link, str(extras.source / link)] for link in extras.links],
        "copies": [[copy, str(extras.store / copy)] for copy in extras.copies],
    }


def task(sweep: Sweep, job: Job, attempt: int) -> dict[str, Any]:
    """What one job is to do, from this attempt on."""
    paths, index, exp = sweep.paths, job.index, sweep.paths.root.name
    names = {"number": _NUMBER, "what": _WHAT, "suffix": _SUFFIX}
    return {
        "job": index,
        "attempt": attempt,
        "command": job.command,
        "env": _environment(sweep, job),
        "data": _data_files(sweep, job),
        "out": str(paths.out(index).resolve()),
        "log": str(paths.log(index).resolve()),
        "artifacts": str(paths.artifacts(index).resolve()),
        "attempt_file": ATTEMPT_FILE.format(index=index, **names),
        "launch_name": LAUNCH_NAME.format(exp=exp, index=index, mark=paths.mark, **names),
    }


def _data_files(sweep: Sweep, job: Job) -> list[str]:
    """Where a job's data may say which they are, the likeliest first, as seen from the folder that
    its command starts in."""
    top = os.path.relpath(".", sweep.prepared.repo.subfolder)
    named = (Path(name) for name in datasets.named(job.params))
    folders = (*named, datasets.DEFAULT, Path(top, datasets.DEFAULT))
    files = (os.path.normpath(folder / datasets.MANIFEST) for folder in folders)
    return list(dict.fromkeys(files))


def _environment(sweep: Sweep, job: Job) -> dict[str, str]:
    variables = supervise.JobVariables(
        exp=sweep.spec.exp_name,
        job=job.index,
        attempt=0,
        seed=job.seed,
        commit=sweep.prepared.base.commit,
        worktree=Path(),
        out=sweep.paths.out(job.index).resolve(),
        metrics=sweep.paths.metrics(job.index).resolve(),
    )
    found = variables.as_environment()
    return {name: value for name, value in found.items() if name not in _ONLY_THE_NODE_KNOWS}


def sweep_id(sweep: Sweep) -> str:
    """The sweep's name in refs: its own, what it runs, and what tells it from one of the same name
    that was removed."""
    file = sweep.paths.slurm / _ID
    if not file.exists():
        made = f"{sweep.prepared.spec_hash[:8]}-{os.urandom(_ID_BYTES).hex()}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{sweep.spec.exp_name}-{made}")
    return file.read_text()


def base_ref(sweep: Sweep) -> str:
    """The ref by which nodes fetch the pinned commit, and which keeps it from being collected."""
    return f"refs/sweeptree/slurm/{sweep_id(sweep)}"


def make_base_ref(sweep: Sweep) -> None:
    """Let it lead to the commit. Raises GitError."""
    if sweep.pool is not None:
        repo, commit = sweep.prepared.repo, sweep.prepared.base.commit
        plumbing.run(repo.start, "update-ref", base_ref(sweep), commit)


def drop_base_ref(sweep: Sweep) -> None:
    """Take it away: no task is left that may fetch it. Raises GitError."""
    if sweep.pool is not None:
        plumbing.run(sweep.prepared.repo.start, "update-ref", "-d", base_ref(sweep))
