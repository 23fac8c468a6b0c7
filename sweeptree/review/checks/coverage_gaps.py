"""Changed lines that no test runs, by coverage.py, in whatever way the tests are started.

Hides: how coverage begins in every Python process of the test command (a `sitecustomize` on
PYTHONPATH, nothing installed), and where its data goes. The repository's own coverage.py is used;
where it has none, ours.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sweeptree.review.change import Change, ChangedFile
from sweeptree.review.tools import ToolTrouble, json_of, run_tool
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "coverage"
_MANY = 5  # unreached lines in a row that are more than a note
_START = """\
import sys
try:
    import coverage
except ImportError:
    sys.path.append({ours!r})
    try:
        import coverage
    except ImportError:
        coverage = None
if coverage is not None:
    coverage.process_startup()
"""
_SETTINGS = """\
[run]
parallel = true
data_file = {data}
source = {top}
omit =
    */.venv/*
    */venv/*
    */site-packages/*
disable_warnings = no-data-collected,module-not-measured,module-not-imported
"""


@dataclass(frozen=True, slots=True)
class Measuring:
    """Coverage of the tests in one worktree. `folder`: ours, outside it; `is_possible`: whether
    coverage.py is here to read the result."""

    folder: Path
    top: Path

    @property
    def is_possible(self) -> bool:
        """Whether coverage.py is installed beside sweeptree."""
        return find_spec("coverage") is not None

    @property
    def _settings(self) -> Path:
        return self.folder / "coveragerc"

    def wrapped(self, command: str) -> str:
        """The command, with coverage in every Python process that it starts."""
        if not self.is_possible:
            return command
        self._write()
        start, settings = shlex.quote(str(self.folder)), shlex.quote(str(self._settings))
        return (
            f'export PYTHONPATH={start}"${{PYTHONPATH:+:$PYTHONPATH}}" '
            f"COVERAGE_PROCESS_START={settings}\n{command}"
        )

    def _write(self) -> None:
        spec = find_spec("coverage")
        assert spec is not None and spec.origin is not None
        ours = self.folder / "ours"
        ours.mkdir(exist_ok=True)
        (ours / "coverage").symlink_to(Path(spec.origin).parent)
        (self.folder / "sitecustomize.py").write_text(_START.format(ours=str(ours)))
        data = self.folder / "data"
        self._settings.write_text(_SETTINGS.format(data=data, top=self.top))

    def read(self) -> Mapping[str, Any] | None:
        """What coverage says of each file, by its path; None where it measured nothing."""
        if not any(self.folder.glob("data.*")):
            return None
        words = [sys.executable, "-I", "-m", "coverage"]  # not one that the worktree may hold
        settings = f"--rcfile={self._settings}"
        run_tool([*words, "combine", "-q", settings], self.top)
        json_words = [*words, "json", "-q", "-i", settings, "-o", "/dev/stdout"]
        files = json_of(run_tool(json_words, self.top), "coverage")["files"]
        return {_relative(name, self.top): lines for name, lines in files.items()}


def _relative(name: str, top: Path) -> str:
    path = Path(name)
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.as_posix()


def read_coverage(measuring: Measuring) -> Mapping[str, Any] | str:
    """The coverage by file, or why there is none."""
    if not measuring.is_possible:
        return "coverage is not installed: pip install coverage"
    try:
        found = measuring.read()
    except ToolTrouble as trouble:
        return str(trouble)
    return found if found is not None else "the tests ran no Python that coverage could measure"


def reached_lines(coverage: Mapping[str, Any] | str) -> dict[str, frozenset[int]]:
    """The lines that the tests run, by file."""
    if isinstance(coverage, str):
        return {}
    return {path: frozenset(lines["executed_lines"]) for path, lines in coverage.items()}


def check_coverage(change: Change, coverage: Mapping[str, Any] | str) -> CheckResult:
    """Added lines of the code that no test runs."""
    if isinstance(coverage, str):
        return not_run(NAME, coverage)
    files = [file for file in change.python_files if not file.is_test and file.path[-1] == "y"]
    found: list[Finding] = []
    statements = missing = 0
    for file in files:
        lines = coverage.get(file.path)
        if lines is None:
            continue
        gaps = sorted(set(lines["missing_lines"]) & file.added)
        reached = set(lines["executed_lines"]) & file.added
        statements, missing = statements + len(gaps) + len(reached), missing + len(gaps)
        found += _gaps(file, gaps)
    note = f"{statements - missing} of {statements} changed statements are run by tests"
    return CheckResult(NAME, tuple(found), note=note)


def _gaps(file: ChangedFile, lines: list[int]) -> Iterator[Finding]:
    """One finding per run of unreached lines; lines between that are no statements join them."""
    for group in _groups(lines):
        size = len(group)
        text = "no test runs this line" if size == 1 else f"no test runs these {size} statements"
        severity = Severity.WARNING if size >= _MANY else Severity.NOTE
        end = group[-1] if size > 1 else 0
        yield Finding(file.path, group[0], "uncovered", "coverage", severity, text, end=end)


def _groups(lines: list[int]) -> Iterator[list[int]]:
    group: list[int] = []
    for line in lines:
        if group and line - group[-1] > 3:
            yield group
            group = []
        group.append(line)
    if group:
        yield group
