"""What `auto-run` costs beside the engine's start and the worktree: for `true`, all that it does.

    beyond = auto-run - the engine alone - `git worktree add` and `remove`

Each of the three runs in a process of its own, interleaved; the server is running. Of wall time and
of CPU the median of the differences is given.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured

_ENGINE = Path(__file__).with_name("engine_alone.py")
_BY_HAND = 'git worktree add -q --detach "$1" && (cd "$1" && true) && git worktree remove "$1"'


def run(lab: Lab) -> None:
    """`true` in a repository of 20 files."""
    lab.warm_server()
    rounds = [_round(lab) for _ in range(lab.size(9, 1))]
    rows = [_row(name, [each[name] for each in rounds]) for name in rounds[0]]
    lab.report("auto_run", [*rows, _beyond(rounds)], note="`true`, 20 files, the server is up")


def _round(lab: Lab) -> dict[str, Cost]:
    place = lab.place("auto_run")
    by_hand = ["sh", "-c", _BY_HAND, "sh", str(place / "by_hand")]
    results = ["--results_dir", str(place / "results")]
    return {
        "engine alone": _cost(lab, [sys.executable, str(_ENGINE)]),
        "git worktree": _cost(lab, by_hand),
        "auto-run": _cost(lab, [SWEEPTREE, "auto-run", "true", *results]),
    }


def _cost(lab: Lab, argv: list[str]) -> Cost:
    cost = measured(argv, cwd=lab.repo(), env=lab.env)
    assert cost.code == 0, argv
    return cost


def _row(name: str, costs: list[Cost]) -> dict[str, object]:
    return {
        "way": name,
        "wall_s": statistics.median(cost.wall for cost in costs),
        "cpu_s": statistics.median(cost.cpu for cost in costs),
        "other": statistics.median(cost.other for cost in costs),
    }


def _beyond(rounds: list[dict[str, Cost]]) -> dict[str, object]:
    """What is left of `auto-run` without the two others, round by round."""
    walls = [2 * each["auto-run"].wall - _sum(each, "wall") for each in rounds]
    cpus = [2 * each["auto-run"].cpu - _sum(each, "cpu") for each in rounds]
    return {
        "way": "beyond",
        "wall_s": statistics.median(walls),
        "cpu_s": statistics.median(cpus),
    }


def _sum(costs: dict[str, Cost], what: str) -> float:
    return sum(float(getattr(cost, what)) for cost in costs.values())
