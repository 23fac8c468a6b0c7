"""Sweeps to share, and where they go."""

import subprocess
from pathlib import Path

from sweeptree.publish.delivery import Context, Options, Target, find_target
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_json


def sweep_at(root: Path, jobs: int = 2, **record: object) -> Path:
    """The folder of a sweep, with a log and an artifact that nobody else is to get."""
    paths = SweepPaths(root)
    paths.artifacts(0).mkdir(parents=True)
    (paths.artifacts(0) / "model.pt").write_bytes(b"weights")
    write_json(paths.sweep, {"exp_name": root.name, "base": {"commit": "c" * 40}}, durable=False)
    for number in range(jobs):
        plain = {"schema_version": 1, "id": number, "cmd": f"train {number}", "state": "succeeded"}
        write_json(paths.record(number), {**plain, **record}, durable=False)
        paths.log(number).write_text("a log\n")
    paths.history(0).write_text('{"step": 1, "auc": 0.5}\n')
    return root


def target_of(top: Path, context: Context, remote: str = "origin") -> Target:
    return find_target(top, Options(remote=remote), context)


def made(repo: Path, text: str, *words: str) -> str:
    """The object that git makes of a text: `hash-object`, `mktree`."""
    argv = ["git", "-C", str(repo), *words]
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=True).stdout[:-1]
