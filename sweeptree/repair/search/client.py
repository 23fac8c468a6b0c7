"""Our side of a search: copy, start the harness under a keeper, read what it found.

Hides: the request's file, the harness's environment, and that it may be killed half-way: what it
had found until then counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree import supervise
from sweeptree.model import Launch
from sweeptree.repair.search.copying import Workplace, workplace
from sweeptree.repair.search.harness.request import as_json
from sweeptree.repair.search.harness.source import Candidate, Edit, SourceFile
from sweeptree.repair.search.patches import patch_of
from sweeptree.repair.search.values import Repair, SearchLimits, SearchTask
from sweeptree.system.files import write_json

_START = Path(__file__).with_name("harness") / "start.py"
_GRACE = 2.0
_OURS = ("PYTEST_ADDOPTS", "PYTHONSTARTUP", "COVERAGE_PROCESS_START")

# The same order of sets each time, no files beside the sources, and no threads in who forks.
_FIXED = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """The repairs, best first, and how the search went.

    `tried` counts candidates; seconds of CPU in all, and for the candidates alone.
    """

    repairs: tuple[Repair, ...]
    reason: str
    tried: int
    cpu_seconds: float
    trying_cpu_seconds: float


def find_repairs(
    top: Path,
    failing: tuple[str, ...],
    passing: tuple[str, ...],
    python: str,
    budget_seconds: float,
) -> tuple[Repair, ...]:
    """Patches for the worktree `top` with which its failing tests pass, best first.

    Tests are named by pytest's node ids; `python` is the interpreter that they run in. The worktree
    itself stays as it is. Raises Refused when it is too large to copy.
    """
    task = SearchTask(top, failing, passing, python)
    return search(task, SearchLimits(budget_seconds, budget_seconds)).repairs


def search(task: SearchTask, limits: SearchLimits) -> SearchOutcome:
    """As `find_repairs`, with all bounds and with how it went."""
    return _ask(task, limits, ())


def judge_edits(task: SearchTask, limits: SearchLimits, changed: Mapping[str, bytes]) -> bool:
    """Whether all tests pass with one file changed, as the search itself would judge it.

    `changed` has one file by its path below the top. This is how the harness is checked: a fix that
    is known to be right must be found valid.
    """
    ((path, data),) = changed.items()
    return bool(_ask(task, limits, (_known(task.top, path, data),)).repairs)


def _known(top: Path, path: str, data: bytes) -> Candidate:
    """The smallest single edit that makes the file what it should be."""
    before = (top / path).read_bytes()
    start = _shared(before, data)
    tail = _shared(before[start:][::-1], data[start:][::-1])
    edit = Edit(start, len(before) - tail, data[start : len(data) - tail].decode())
    line = before[:start].count(b"\n") + 1
    return Candidate(path, (edit,), "known", line, 1.0)


def _shared(first: bytes, second: bytes) -> int:
    """With how many equal bytes both begin."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((n for n, (one, other) in pairs if one != other), min(len(first), len(second)))


def _ask(task: SearchTask, limits: SearchLimits, known: tuple[Candidate, ...]) -> SearchOutcome:
    if not task.failing:
        return SearchOutcome((), "no test fails", 0, 0.0, 0.0)
    with workplace(task.top) as place:
        request = _request(task, limits, place)
        request["known"] = [as_json(each) | {"path": str(place.tree / each.path)} for each in known]
        file = place.scratch / "request.json"
        write_json(file, request, durable=False)
        launch = _launch(task, limits, place, file)
        ended = supervise.start(launch).wait()
        reason = (ended.reason if ended else None) or "its keeper was killed"
        return _outcome(place, list(_read(place.scratch / "answers.jsonl")), reason)


def _request(task: SearchTask, limits: SearchLimits, place: Workplace) -> dict[str, Any]:
    return {
        "root": str(place.tree),
        "origin": str(task.top),
        "failing": task.failing,
        "passing": task.passing,
        "cpu_seconds": limits.cpu_seconds,
        "wall_seconds": limits.wall_seconds,
        "memory_bytes": limits.memory_bytes,
        "most_hits": limits.most_repairs,
        "answers": str(place.scratch / "answers.jsonl"),
        "scratch": str(place.scratch),
    }


def _launch(task: SearchTask, limits: SearchLimits, place: Workplace, file: Path) -> Launch:
    scratch = place.scratch
    return Launch(
        name="repair:search",
        command=shlex.join([task.python, str(_START), str(file)]),
        cwd=place.tree,
        env=_environment(place),
        log=scratch / "log",
        alive=scratch / "alive",
        started=scratch / "started",
        outcome=scratch / "outcome",
        timeout=limits.wall_seconds + limits.to_begin_seconds,
        grace=_GRACE,
        log_cap=0,
    )


def _environment(place: Workplace) -> dict[str, str]:
    """What a job would see: no token. Modules come from the copy, also of an installed project."""
    variables = supervise.JobVariables(
        exp="repair",
        job=0,
        attempt=1,
        seed=None,
        commit="",
        worktree=place.tree,
        out=place.scratch,
        metrics=place.scratch / "metrics.jsonl",
    )
    env = supervise.job_environment(os.environ, variables)
    kept = {name: value for name, value in env.items() if not name.startswith("SWEEPTREE_")}
    for name in _OURS:
        kept.pop(name, None)
    folders = [str(place.tree), str(place.tree / "src")]
    if "PYTHONPATH" in kept:
        folders.append(kept["PYTHONPATH"])
    path = os.pathsep.join(folders)
    return kept | _FIXED | {"PYTHONPATH": path, "TMPDIR": str(place.scratch)}


def _read(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def _outcome(place: Workplace, answers: list[dict[str, Any]], reason: str) -> SearchOutcome:
    hits = [each for each in answers if each["event"] == "hit"]
    hits.sort(key=lambda hit: -hit["score"])
    sources: dict[str, SourceFile] = {}
    repairs = [_repair(place, sources, hit) for hit in hits]
    ends = [each for each in answers if each["event"] == "end"]
    end = ends[0] if ends else {"reason": f"the search ended before it was over: {reason}"}
    found = tuple(each for each in repairs if each is not None)
    tried, cpu, trying = (float(end.get(name, 0)) for name in ("tried", "cpu", "trying_cpu"))
    return SearchOutcome(found, str(end["reason"]), int(tried), cpu, trying)


def _repair(place: Workplace, sources: dict[str, SourceFile], hit: dict[str, Any]) -> Repair | None:
    path = Path(hit["path"])
    source = sources.setdefault(hit["path"], SourceFile(hit["path"]))
    after = source.edited(tuple(Edit(*each) for each in hit["edits"]))
    below = path.relative_to(place.tree).as_posix()
    try:
        patch = patch_of(below, source.data, after)
    except ValueError:
        return None
    tests, cpu = int(hit["tests"]), float(hit["cpu"])
    return Repair(patch, hit["template"], below, hit["line"], tests, float(hit["score"]), cpu)
