"""Changed lines that no test runs."""

import shlex
import subprocess
import sys
from pathlib import Path

from core.review_kit import make_change
from sweeptree.review.checks.coverage_gaps import (
    Measuring,
    check_coverage,
    reached_lines,
    read_coverage,
)
from sweeptree.review.values import Severity

CODE = "def f(x):\n    if x:\n        return 1\n    return 2\n"


def measure(tmp_path: Path, command: str) -> Measuring:
    top, folder = tmp_path / "top", tmp_path / "it's ours"
    top.mkdir()
    folder.mkdir()
    (top / "a.py").write_text(CODE)
    measuring = Measuring(folder, top)
    subprocess.run(["sh", "-c", measuring.wrapped(command)], cwd=top, check=True)
    return measuring


def test_any_python_of_the_command_is_measured(tmp_path: Path) -> None:
    measuring = measure(
        tmp_path, f"cd / && cd {tmp_path}/top && {sys.executable} -c 'import a; a.f(1)'"
    )
    coverage = read_coverage(measuring)
    assert not isinstance(coverage, str)
    assert reached_lines(coverage) == {"a.py": frozenset({1, 2, 3})}


def test_nothing_to_measure_is_no_error(tmp_path: Path) -> None:
    assert read_coverage(measure(tmp_path, "true")) == (
        "the tests ran no Python that coverage could measure"
    )


def test_a_coverage_of_the_codes_own_does_not_read_the_data(tmp_path: Path) -> None:
    measuring = measure(tmp_path, f"{shlex.quote(sys.executable)} -c 'import a; a.f(1)'")
    (measuring.top / "coverage.py").write_text("raise SystemExit('a stranger')\n")
    assert not isinstance(read_coverage(measuring), str)


def test_added_lines_that_no_test_runs(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": "x = 1\n"}, {"a.py": CODE})
    lines = {"a.py": {"executed_lines": [1, 2], "missing_lines": [3, 4]}}
    result = check_coverage(change, lines)
    assert [(each.line, each.end, each.severity) for each in result.findings] == [
        (3, 4, Severity.NOTE)
    ]
    assert result.note == "2 of 4 changed statements are run by tests"


def test_why_it_was_not_measured(tmp_path: Path) -> None:
    change = make_change(tmp_path, {}, {"a.py": CODE})
    assert check_coverage(change, "not installed").note == "not installed"
