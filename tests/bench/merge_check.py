"""What it costs to test a merge: `sweeptree merge` of a branch into a base of 2,000 files, without
the tests' own time.

The peer is what people do by hand, as a shell script: a worktree of the base, the merge in it, the
tests, remove it. Both only check: nothing lands. Interleaved, so that both meet the same machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.bench import repos
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured

MEDIUM = repos.Shape("medium", 2_000, 6_000, 50)
BY_HAND = """set -e
git worktree add -q --detach "$1" main
git -C "$1" merge -q --no-edit feature
(cd "$1" && true)
git worktree remove --force "$1"
"""


def run(lab: Lab) -> None:
    """Time both, in turns."""
    repo = _with_a_branch(lab)
    feature = lab.folder / "feature"
    words = [SWEEPTREE, "merge", str(feature), "--base", "main", "--test_command", "true", "--json"]
    ways: dict[str, Callable[[], tuple[Cost, float]]] = {
        "sweeptree merge": lambda: _ours(lab, repo, words),
        "by hand": lambda: (
            _cost(lab, repo, ["sh", "-c", BY_HAND, "sh", str(lab.place("hand") / "w")]),
            0.0,
        ),
    }
    found: dict[str, list[tuple[Cost, float]]] = {name: [] for name in ways}
    for _ in range(lab.size(15, 2)):
        for name, way in ways.items():
            found[name].append(way())
    rows = [_row(name, costs) for name, costs in found.items()]
    lab.report("merge_check", rows, note=f"one merge into {MEDIUM.files} files, nothing lands")


def _with_a_branch(lab: Lab) -> Path:
    """The repository, with a worktree whose branch changes one file and a base that went on
    meanwhile."""
    repo, feature = lab.repo(MEDIUM), lab.folder / "feature"
    _git(lab, repo, "worktree", "add", "-q", "-b", "feature", str(feature))
    for top, name in ((feature, repos.MARK), (repo, "pkg1/f00050.py")):
        (top / name).write_text("changed\n")
        _git(lab, top, "commit", "-q", "-am", f"change {name}")
    return repo


def _git(lab: Lab, cwd: Path, *words: str) -> None:
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.invalid")
    subprocess.run(["git", *who, *words], cwd=cwd, env=lab.env, check=True)


def _ours(lab: Lab, repo: Path, words: list[str]) -> tuple[Cost, float]:
    log = lab.place("merge") / "log"
    cost = _cost(lab, repo, words, log)
    decision = json.loads(
        next(line for line in log.read_text().splitlines() if line.startswith("{"))
    )
    assert decision["state"] == "ready", decision
    return cost, decision["run"]["seconds"]


def _cost(lab: Lab, repo: Path, words: list[str], log: Path | None = None) -> Cost:
    who = {
        f"GIT_{role}_{part}": "bench@example.invalid"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    cost = measured(words, cwd=repo, env=lab.env | who, log=log)
    assert cost.code == 0, words
    return cost


def _row(name: str, costs: list[tuple[Cost, float]]) -> dict[str, object]:
    walls = sorted(cost.wall - tests for cost, tests in costs)
    return {
        "way": name,
        "runs": len(costs),
        "wall_s": statistics.median(walls),
        "shortest_s": walls[0],
        "longest_s": walls[-1],
        "cpu_s": statistics.median(cost.cpu for cost, _ in costs),
        "other": statistics.median(cost.other for cost, _ in costs),
    }
