"""What the Code Reviewer finds: planted defects and clean changes of our own making, graded.

`found`: a blocker or warning at the defect that says what it is: that no test runs or pins a line
finds logic slips only. What else the defect truly brings along (`also` in the cases, and unpinned
or unreached lines of a planted change) counts as neither; of the rest, a blocker or warning is
`false`, a note is `noise`. Then its CPU on a repository of 200 files, without the tests' own time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import measured
from tests.bench.review_cases import CLEAN, PLANTED, PROJECT, Case

_FILES = 200
_UNTESTED = ("uncovered", "unpinned")
_TESTS = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -p no:cacheprovider"


@dataclass(frozen=True, slots=True)
class Grade:
    """How one case came out: whether it was found and blocked, and what else was said."""

    case: Case
    is_found: bool
    is_blocked: bool
    false: tuple[str, ...]
    noise: int
    cpu: float


def run(lab: Lab) -> None:
    """Grade every case, then measure."""
    planted = _all_graded(lab, PLANTED[: lab.size(len(PLANTED), 2)])
    clean = _all_graded(lab, CLEAN[: lab.size(len(CLEAN), 1)])
    rows = [_row(kind, grades) for kind, grades in _by_kind(planted).items()]
    rows += [_row("planted, all", planted), _row("clean, all", clean)]
    lab.report("review", rows, note=f"{len(planted)} planted defects, {len(clean)} clean changes")
    lab.report("review_cpu", [_large(lab)], note=f"{_FILES} files, the tests take no time")


def _by_kind(grades: Iterable[Grade]) -> dict[str, list[Grade]]:
    found: dict[str, list[Grade]] = {}
    for grade in grades:
        found.setdefault(grade.case.kind, []).append(grade)
    return found


def _row(name: str, grades: list[Grade]) -> dict[str, object]:
    is_clean = not grades[0].case.path
    return {
        "kind": name,
        "cases": len(grades),
        "found": None if is_clean else sum(grade.is_found for grade in grades),
        "blocked": sum(grade.is_blocked for grade in grades),
        "false": sum(len(grade.false) for grade in grades),
        "noise": sum(grade.noise for grade in grades),
        "cpu_s": sum(grade.cpu for grade in grades) / len(grades),
    }


def _say(grade: Grade) -> None:
    """What a person wants to look at."""
    if grade.case.path and not grade.is_found:
        print(f"  not found: {grade.case.kind}: {grade.case.name}", flush=True)
    for line in grade.false:
        print(f"  false: {grade.case.name}: {line}", flush=True)


def _all_graded(lab: Lab, cases: Iterable[Case]) -> list[Grade]:
    """Each case, its misses and false alarms shown as they come; as many at once as cores."""

    def grade(case: Case) -> Grade:
        graded = _graded(lab, case)
        _say(graded)
        return graded

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(grade, cases))


def _graded(lab: Lab, case: Case) -> Grade:
    top = lab.place("review")
    _commit(lab, top, PROJECT, "main")
    files = case.applied_to(PROJECT)
    _commit(lab, top, files, "topic")
    document, cpu = _review(lab, top, "main..topic", _TESTS)
    found = [each for each in document["findings"] if _is_at(each, case, files)]
    others = [each for each in document["findings"] if each not in found]
    others = [each for each in others if not _is_true(each, case)]
    loud = [each for each in others if each["severity"] != "note"]
    return Grade(
        case=case,
        is_found=any(each["severity"] != "note" for each in found),
        is_blocked=document["verdict"] == "blocked",
        false=tuple(f"{each['path']}:{each['line']} {each['message']}" for each in loud),
        noise=len(others) - len(loud),
        cpu=cpu,
    )


def _is_true(finding: Mapping[str, Any], case: Case) -> bool:
    """Whether it says something else that is the matter with a planted change."""
    if case.path and finding["rule"] in _UNTESTED:
        return True
    return any(piece in finding["message"] for piece in case.also)


def _is_at(finding: Mapping[str, Any], case: Case, files: Mapping[str, str]) -> bool:
    """Whether a finding points at the defect: its line, or (where no line is named) its file.

    A failing test points at the test or at the code: any one is right.
    """
    if case.kind in ("failing test", "slower test"):
        return finding["rule"] in ("test-fails", "slower-test", "tests-fail")
    says_nothing = finding["rule"] in _UNTESTED and case.kind != "logic slip"
    if finding["path"] != case.path or says_nothing:
        return False
    if not case.at or not finding["line"]:
        return True
    lines = files[case.path].split("\n")[finding["line"] - 1 : finding["end"]]
    if case.kind == "weakened test":
        return finding["rule"] == "weakened-test"
    return any(case.at in line for line in lines)


def _commit(lab: Lab, top: Path, files: Mapping[str, str], branch: str) -> None:
    if branch == "main":
        _git(lab, top, "init", "-q", "-b", "main")
    else:
        _git(lab, top, "checkout", "-q", "-b", branch)
        _git(lab, top, "rm", "-rq", ".")
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    _git(lab, top, "add", "-A")
    _git(lab, top, "commit", "-q", "-m", branch)


def _git(lab: Lab, cwd: Path, *words: str) -> None:
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.invalid")
    subprocess.run(["git", *who, *words], cwd=cwd, env=lab.env, check=True)


def _review(lab: Lab, top: Path, subject: str, tests: str) -> tuple[dict[str, Any], float]:
    log = lab.place("log") / "log"
    words = [SWEEPTREE, "review", subject, "--test_command", tests, "--json"]
    cost = measured(words, cwd=top, env=lab.env, log=log)
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    assert lines, log.read_text()[-2000:]
    document: dict[str, Any] = json.loads(lines[0])
    return document, cost.cpu


def _large(lab: Lab) -> dict[str, object]:
    """The CPU of a review of ten changed files among 200, whose tests take no time."""
    top = lab.place("large")
    text = PROJECT["ecgnet/signal.py"]
    files = {f"pkg/m{number:03}.py": text for number in range(_FILES)}
    files |= {"pkg/__init__.py": "", "pyproject.toml": PROJECT["pyproject.toml"]}
    _commit(lab, top, files, "main")
    changed = {f"pkg/m{number:03}.py": text.replace("60.0 /", "61.0 /") for number in range(10)}
    _commit(lab, top, files | changed, "topic")
    costs = [_review(lab, top, "main..topic", "true")[1] for _ in range(lab.size(5, 1))]
    return {
        "files": _FILES,
        "changed": 10,
        "runs": len(costs),
        "cpu_s": sorted(costs)[len(costs) // 2],
    }
