"""What a node is told, for a repository of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers import git


def told_of(repo: Path, **more: Any) -> dict[str, Any]:
    """A task of a sweep in this repository."""
    git("update-ref", "refs/sweeptree/slurm/exp", "HEAD", cwd=repo)
    state = repo.parent / "exp" / ".state"
    state.mkdir(parents=True, exist_ok=True)
    told = {
        "job": 0,
        "attempt": 1,
        "command": "true",
        "env": {},
        "data": [],
        "out": str(state.parent / "job_0"),
        "log": str(state.parent / "job_0.log"),
        "artifacts": str(state.parent / "job_0" / "artifacts"),
        "attempt_file": "job_0.{number}.{what}",
        "launch_name": "exp:0.{number}@0000{suffix}",
        "commit": git("rev-parse", "HEAD", cwd=repo),
        "setup": None,
        "timeout": None,
        "grace": 0.5,
        "log_cap": 0,
        "artifacts_cap": 0,
        "state": str(state),
        "import_path": [],
        "subfolder": ".",
        "place": str(repo),
        "repo": str(repo / ".git"),
        "cache": "cache",
        "ref": "refs/sweeptree/slurm/exp",
        "quarantine": "refs/sweeptree/quarantine/exp",
        "links": [],
        "copies": [],
    }
    return {**told, **more}
