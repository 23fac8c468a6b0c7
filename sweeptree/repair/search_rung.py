"""The last rung: repairs that are found by searching, without any model.

What it finds is a proposal with its alternatives: it passes the tests and may still be wrong.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.publish.checks import Runner
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.proposal import Budget, Proposal, RungName
from sweeptree.repair.search import Repair, find_repairs
from sweeptree.repair.tools import tool_environment
from sweeptree.repository import Repository

MOST = 5


@dataclass(frozen=True, slots=True)
class SearchRung:
    """The rung in this repository."""

    repo: Repository

    def propose(self, report: FailureReport, top: Path, budget: Budget) -> tuple[Proposal, ...]:
        """The repairs that pass, the likeliest first. Raises Refused for what it cannot search."""
        if report.results.runner is not Runner.PYTEST:
            raise Refused("it searches only where the tests are run by pytest")
        began = time.monotonic()
        failing = tuple(case.node_id for case in report.real)
        python = find_python(report.results.command, self.repo.top)
        found = find_repairs(top, failing, report.results.passed, python, budget.left)
        seconds = time.monotonic() - began
        others = len(found) - 1
        return tuple(
            Proposal(RungName.SEARCH, each.patch, _note(each, others), seconds)
            for each in found[:MOST]
        )


def _note(repair: Repair, alternatives: int) -> str:
    """What a person must know: how it was found, and that it is not the only one."""
    words = repair.template.replace("_", " ")
    found = f"found by search ({words}, {repair.path}:{repair.line})"
    others = {0: "no alternative was found", 1: "one alternative passes them too"}
    rest = others.get(alternatives, f"{alternatives} alternatives pass them too")
    tests = "1 test" if repair.tests_passed == 1 else f"{repair.tests_passed} tests"
    return f"{found}, passes {tests}; {rest}"


def find_python(command: str, home: Path) -> str:
    """The interpreter that a test command runs in: its own word, or that of its pytest.

    Raises Refused where there is none to be found.
    """
    env = tool_environment(os.environ)
    path = env.get("PATH", os.defpath)
    for word in (*_words(command), "python3", "python"):
        program = _in(home, word) if "/" in word else shutil.which(word, path=path)
        python = _python_of(Path(word).name, program)
        if python is not None:
            return python
    raise Refused("there is no python3 on PATH to search with")


def _words(command: str) -> Iterator[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        return
    yield from (word for word in words if "=" not in word and not word.startswith("-"))


def _in(home: Path, word: str) -> str | None:
    file = home / word
    return str(file) if os.access(file, os.X_OK) and file.is_file() else None


def _python_of(name: str, program: str | None) -> str | None:
    if program is None:
        return None
    if name.startswith("python"):
        return program
    return _interpreter(Path(program)) if name in ("pytest", "py.test") else None


def _interpreter(script: Path) -> str | None:
    """The interpreter that a script's first line names."""
    try:
        with script.open("rb") as stream:
            first = stream.readline(1024).decode().strip()
    except (OSError, UnicodeDecodeError):
        return None
    python = first.removeprefix("#!").strip()
    is_python = first.startswith("#!") and Path(python.split(" ")[0]).name.startswith("python")
    return python.split(" ")[0] if is_python else None
