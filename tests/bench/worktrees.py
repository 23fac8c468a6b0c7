"""What `sweeptree worktree list` costs with 100 worktrees of 100 files, half of them one commit on.

The peer is what people type: `git worktree list` and a `git status` in each. It says neither how
far each is, nor its size, nor who uses it.
"""

from __future__ import annotations

import statistics
import subprocess
from pathlib import Path

from tests.bench import repos
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured

SHAPE = repos.Shape("worktrees", 100, 2_000, 10)
BY_HAND = """git worktree list --porcelain | sed -n 's/^worktree //p' | while read -r top; do
  git -C "$top" status --porcelain=v2 --branch
done
"""


def run(lab: Lab) -> None:
    """Time both, in turns."""
    repo, many = lab.repo(SHAPE), lab.size(100, 3)
    for number in range(many):
        _make(lab, repo, number)
    ways = {
        "sweeptree worktree list": [SWEEPTREE, "worktree", "list"],
        "git status in each": ["sh", "-c", BY_HAND],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(lab.size(7, 1)):
        for name, argv in ways.items():
            costs[name].append(measured(argv, cwd=repo, env=lab.env))
    assert not any(cost.code for each in costs.values() for cost in each)
    rows = [_row(name, each) for name, each in costs.items()]
    lab.report("worktrees", rows, note=f"{many} worktrees of {SHAPE.files} files")


def _make(lab: Lab, repo: Path, number: int) -> None:
    name = f"w{number}"
    words = [SWEEPTREE, "worktree", "create", name, "--lease_pid", "0"]
    subprocess.run(words, cwd=repo, env=lab.env, check=True, capture_output=True)
    if number % 2:
        top = repo / ".sweeptree/wt/_named" / name
        (top / repos.MARK).write_text(f"{number}\n")
        who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        commit = ["git", *who, "commit", "-qam", name]
        subprocess.run(commit, cwd=top, env=lab.env, check=True)


def _row(name: str, costs: list[Cost]) -> dict[str, object]:
    return {
        "way": name,
        "wall_s": statistics.median(cost.wall for cost in costs),
        "cpu_s": statistics.median(cost.cpu for cost in costs),
        "other": statistics.median(cost.other for cost in costs),
    }
