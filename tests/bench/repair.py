"""Search-based repair on small programs with one bug each: how many are fixed, and how many right.

Plausible: a patch passes all tests that the search saw. Right: the first patch makes the program
the one that is known to be right, or passes the tests that the search never saw. The peer of one
evaluation is what it would be without the harness: a pytest process.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.repair.search import SearchLimits, SearchOutcome, SearchTask, judge_edits, search
from tests.bench.lab import Lab
from tests.bench.measure import measured
from tests.bench.single_bugs import MODULE, TESTS, SingleBug, single_bugs, test_module

CPU_SECONDS, WALL_SECONDS = 60.0, 300.0
_LIMITS = SearchLimits(CPU_SECONDS, WALL_SECONDS)
_PROCESSES = 10


@dataclass(frozen=True, slots=True)
class Result:
    """One program's: whether the known fix is found valid, what was found, and if it is right."""

    bug: SingleBug
    is_oracle_valid: bool
    outcome: SearchOutcome
    rank: int | None

    @property
    def first_cpu(self) -> float:
        """Seconds of CPU until the first patch was found."""
        return min(repair.cpu_seconds for repair in self.outcome.repairs)


def run(lab: Lab) -> None:
    """Search for each program, print one row each and the summary."""
    bugs = single_bugs()[:: lab.size(1, 12)]
    results = [_searched(lab, bug) for bug in bugs]
    process = _pytest_seconds(lab, bugs)
    lab.report("repair_programs", [_row(result) for result in results], note="one bug each")
    lab.report("repair", [_summary(results, process)], note=f"at most {CPU_SECONDS:.0f} s of CPU")


def _searched(lab: Lab, bug: SingleBug) -> Result:
    top = _top(lab, bug)
    bug.write(top)
    failing = tuple(_failing(top, bug))
    passing = tuple(name for name in bug.node_ids() if name not in failing)
    task = SearchTask(top, failing, passing, sys.executable)
    is_valid = judge_edits(task, _LIMITS, {MODULE: bug.fixed.encode()})
    outcome = search(task, _LIMITS)
    return Result(bug, is_valid, outcome, _rank_of_the_right_one(top, bug, outcome))


def _top(lab: Lab, bug: SingleBug) -> Path:
    return lab.folder / "bugs" / bug.name / "repo"


def _failing(top: Path, bug: SingleBug) -> Iterator[str]:
    for name, expression in zip(bug.node_ids(), bug.tests, strict=True):
        if not _holds(top, bug.buggy, (expression,)):
            yield name


def _rank_of_the_right_one(top: Path, bug: SingleBug, outcome: SearchOutcome) -> int | None:
    for rank, repair in enumerate(outcome.repairs, 1):
        patched = _patched(top, repair.patch)
        is_known = ast.dump(ast.parse(patched)) == ast.dump(ast.parse(bug.fixed))
        if is_known or _holds(top, patched, (*bug.tests, *bug.held_out)):
            return rank
    return None


def _patched(top: Path, patch: bytes) -> str:
    """The module with a patch; `git apply` takes it, and takes it back."""
    subprocess.run(["git", "apply", "-"], cwd=top, input=patch, check=True)
    text = (top / MODULE).read_text()
    subprocess.run(["git", "apply", "-R", "-"], cwd=top, input=patch, check=True)
    return text


def _holds(top: Path, module: str, expressions: tuple[str, ...]) -> bool:
    folder = top.parent / "judged"
    folder.mkdir(exist_ok=True)
    (folder / MODULE).write_text(module)
    calls = "".join(f"test_{number}()\n" for number in range(len(expressions)))
    (folder / TESTS).write_text(test_module(expressions) + "\n\n" + calls)
    argv = [sys.executable, "-B", TESTS]
    try:
        return not subprocess.run(argv, cwd=folder, capture_output=True, timeout=10).returncode
    except subprocess.TimeoutExpired:
        return False


def _pytest_seconds(lab: Lab, bugs: list[SingleBug]) -> float:
    """CPU of one pytest process on such a program."""
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    tops = [_top(lab, bug) for bug in bugs[:_PROCESSES]]
    costs = [measured([*argv, "--timeout", "5"], cwd=top, env=lab.env) for top in tops]
    return statistics.median(cost.cpu for cost in costs)


def _row(result: Result) -> dict[str, object]:
    repairs = result.outcome.repairs
    return {
        "program": f"{result.bug.domain}: {result.bug.name}",
        "kind": result.bug.kind,
        "oracle": result.is_oracle_valid,
        "found": len(repairs),
        "right_at": result.rank or "",
        "template": repairs[0].template if repairs else "",
        "first_cpu_s": result.first_cpu if repairs else "",
        "tried": result.outcome.tried,
    }


def _summary(results: list[Result], process: float) -> dict[str, object]:
    found = [result for result in results if result.outcome.repairs]
    tried = sum(result.outcome.tried for result in results)
    trying = sum(result.outcome.trying_cpu_seconds for result in results)
    median = statistics.median([trial_seconds(result) for result in results])
    return {
        "programs": len(results),
        "oracle": sum(result.is_oracle_valid for result in results),
        "plausible": len(found),
        "right_first": sum(result.rank == 1 for result in results),
        "right_at_all": sum(result.rank is not None for result in results),
        "median_cpu_s": statistics.median([result.first_cpu for result in found] or [0.0]),
        "trial_ms": 1000 * trying / max(1, tried),
        "median_trial_ms": 1000 * median,
        "pytest_ms": 1000 * process,
        "cheaper": process / (trying / tried) if tried else 0.0,
    }


def trial_seconds(result: Result) -> float:
    """CPU for one candidate of a program, hangs and forks included."""
    return result.outcome.trying_cpu_seconds / max(1, result.outcome.tried)
