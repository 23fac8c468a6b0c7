"""A small project with a bug, and patches of it: what the tests of the gate share."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from helpers import git

from sweeptree.publish.checks import TestResults, Verdict, capture_tests, judge
from sweeptree.repository import find_repository

PYTEST = f"{shlex.quote(sys.executable)} -m pytest -q"
BUDGET = 120.0

CORE = """\
def scale(values, factor):
    return [value * factor for value in values]


def add(a, b):
    return a - b


def clamp(value, low, high):
    return max(low, min(value, high))
"""
FIXED = CORE.replace("a - b", "a + b")
TESTS = """\
from calc.core import add, clamp, scale


def test_scale():
    assert scale([1, 2], 3) == [3, 6]


def test_add():
    assert add(20, 30) == 50


def test_clamp():
    assert clamp(11, 0, 10) == 10
"""
CALC = {
    "calc/__init__.py": "from calc.core import add\n",
    "calc/core.py": CORE,
    "tests/conftest.py": "import calc\n",
    "tests/test_core.py": TESTS,
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n\n[tool.calc]\nstep = 1\n',
    ".gitignore": "__pycache__/\n",
}
_BEFORE: dict[tuple[str, str], TestResults] = {}


class Link(str):
    """What a symbolic link leads to."""


@dataclass(frozen=True)
class Project:
    """Files at the base, and how they are tested."""

    files: Mapping[str, str] = field(default_factory=lambda: CALC)
    command: str = PYTEST


@dataclass(frozen=True)
class Patch:
    """Files as a patch leaves them; None: they are gone."""

    files: Mapping[str, str | bytes | None]
    project: Project = Project()


def make(folder: Path, project: Project) -> str:
    """The project as a repository with one commit, whose name this is."""
    for name, text in project.files.items():
        write(folder, name, text)
    git("init", "-q", "-b", "main", cwd=folder)
    git("add", ".", cwd=folder)
    git("commit", "-q", "-m", "a bug", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder)


def write(folder: Path, name: str, data: str | bytes | None) -> None:
    file = folder / name
    if data is None:
        file.unlink()
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, Link):
        file.symlink_to(data)
        return
    file.write_bytes(data.encode() if isinstance(data, str) else data)


def diff(folder: Path, files: Mapping[str, str | bytes | None]) -> bytes:
    """The patch that makes these files; the folder is as before."""
    for name, data in files.items():
        write(folder, name, data)
    git("add", "--all", "--force", cwd=folder)
    words = ("git", "diff", "--cached", "--binary", "-M", "HEAD")
    patch = subprocess.run(words, cwd=folder, capture_output=True, check=True).stdout
    git("reset", "-q", "--hard", cwd=folder)
    return patch


def results_before(folder: Path, commit: str, command: str) -> TestResults:
    """The results at the base, once for all tests with the same base: its commit is the same."""
    key = (commit, command)
    if key not in _BEFORE:
        _BEFORE[key] = capture_tests(find_repository(folder), commit, command, 600.0)
    return _BEFORE[key]


def verdict_on(folder: Path, patch: Patch) -> Verdict:
    """What the gate says about a patch of a fresh project."""
    folder.mkdir(exist_ok=True)
    commit = make(folder, patch.project)
    data = diff(folder, patch.files)
    before = results_before(folder, commit, patch.project.command)
    repo = find_repository(folder)
    return judge(repo, commit, data, before, patch.project.command, BUDGET)
