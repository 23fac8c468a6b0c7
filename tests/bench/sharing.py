"""`share` and `fetch` of a large sweep over a remote that is a folder, against a plain push and
fetch of the same files by git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.bench import records
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured

_WHO = {
    f"GIT_{role}_{part}": "bench@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for part in ("NAME", "EMAIL")
}
_PLAIN = (
    "git add -f {files} && git commit -q -m results && git push -q origin HEAD:refs/plain/results"
)


def run(lab: Lab) -> None:
    """1,000 jobs; the aggregates stand already."""
    jobs = lab.size(1000, 20)
    env = {**lab.env, **_WHO}
    mine, other = _clones(lab.place("share"), env)
    paths = records.write(mine / "results" / "done", jobs)
    measured([SWEEPTREE, "aggregate", str(paths.root)], cwd=mine, env=env)
    costs = {
        "sweeptree share": measured([SWEEPTREE, "share", str(paths.root)], cwd=mine, env=env),
        "sweeptree fetch": measured([SWEEPTREE, "fetch"], cwd=other, env=env),
        "the same again": measured([SWEEPTREE, "share", str(paths.root)], cwd=mine, env=env),
        "git add, commit, push": _plain_push(mine, paths.root, env),
    }
    assert not any(cost.code for cost in costs.values())
    lab.report("share", [_row(name, cost) for name, cost in costs.items()], note=f"{jobs} jobs")


def _clones(folder: Path, env: dict[str, str]) -> tuple[Path, Path]:
    """Two clones of a remote with one commit."""
    remote, mine, other = folder / "remote.git", folder / "mine", folder / "other"
    folder.mkdir(parents=True, exist_ok=True)
    lines = (
        ["git", "init", "-q", "--bare", "-b", "main", str(remote)],
        ["git", "clone", "-q", str(remote), str(mine)],
        ["git", "-C", str(mine), "commit", "-q", "--allow-empty", "-m", "first"],
        ["git", "-C", str(mine), "push", "-q", "origin", "HEAD:main"],
        ["git", "clone", "-q", str(remote), str(other)],
    )
    for argv in lines:
        subprocess.run(argv, env=env, check=True, capture_output=True)
    return mine, other


def _plain_push(mine: Path, root: Path, env: dict[str, str]) -> Cost:
    """What git alone needs for the same files."""
    shutil.copytree(root, mine / "plain", ignore=shutil.ignore_patterns("*.log", ".state"))
    return measured(["sh", "-c", _PLAIN.format(files="plain")], cwd=mine, env=env)


def _row(name: str, cost: Cost) -> dict[str, object]:
    return {"way": name, "wall_s": cost.wall, "cpu_s": cost.cpu, "max_rss_mb": cost.max_rss_mb}
