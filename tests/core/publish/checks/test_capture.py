"""Each test's result, read from outside."""

import shlex
import sys
from pathlib import Path

import pytest

from core.publish.checks.gate_kit import PYTEST, Project, make
from sweeptree.errors import Refused
from sweeptree.publish.checks import Frame, Runner, TestResults, capture_in, capture_tests
from sweeptree.repository import find_repository

TESTS = """\
import unittest
import pytest
from calc import half


@pytest.fixture
def broken():
    raise KeyError("no")


def test_good(): assert half(4) == 2
def test_bad(): half(None)
def test_skip(): pytest.skip("later")
@pytest.mark.xfail
def test_wish(): assert half(4) == 3
def test_setup(broken): pass
@pytest.mark.parametrize("n", [2, 3])
def test_many(n): assert half(n) * 2 == n
@pytest.mark.slow
def test_slow(): pass
class Units(unittest.TestCase):
    def test_unit(self): self.assertEqual(half(2), 5)
"""
CODE = """\
def half(number):
    print("seen", number)
    return number // 2
"""
FILES = {
    "src/calc.py": CODE,
    "tests/test_calc.py": TESTS,
    "tests/test_gone.py": "import nowhere\n",
    "Makefile": f"test:\n\t@cd tests && {sys.executable} -m pytest -q\n",
    "pytest.ini": (
        "[pytest]\nmarkers = slow\naddopts = -m 'not slow' --continue-on-collection-errors\n"
    ),
}
STATES = {
    "tests/test_gone.py": "error",
    "tests/test_calc.py::test_good": "passed",
    "tests/test_calc.py::test_bad": "failed",
    "tests/test_calc.py::test_skip": "skipped",
    "tests/test_calc.py::test_wish": "xfailed",
    "tests/test_calc.py::test_setup": "error",
    "tests/test_calc.py::test_many[2]": "passed",
    "tests/test_calc.py::test_many[3]": "failed",
    "tests/test_calc.py::Units::test_unit": "failed",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    make(tmp_path / "p", Project(FILES))
    return tmp_path / "p"


def capture(project: Path, command: str = PYTEST, **options: object) -> TestResults:
    repo = find_repository(project)
    return capture_tests(repo, "HEAD", command, 600.0, **options)  # type: ignore[arg-type]


def test_every_test_with_its_state(project: Path) -> None:
    results = capture(project)
    assert {case.node_id: case.state.value for case in results.cases} == STATES
    assert (results.runner, results.exit_code) == (Runner.PYTEST, 1)
    assert (results.collected, results.deselected, results.is_complete) == (9, 1, True)


def test_what_is_told_of_a_failing_test(project: Path) -> None:
    bad = capture(project, only=("tests/test_calc.py::test_bad",)).by_id()
    case = bad["tests/test_calc.py::test_bad"]
    assert case.message.startswith("TypeError: unsupported operand")
    assert case.frame == Frame("src/calc.py", 3, "return number // 2")
    assert case.output == "seen None\n" and "half(None)" in case.trace


def test_what_is_told_of_a_file_that_cannot_be_collected(project: Path) -> None:
    case = capture(project, only=("none",)).by_id()["tests/test_gone.py"]
    assert case.message == "ModuleNotFoundError: No module named 'nowhere'"
    assert case.frame == Frame("tests/test_gone.py", 1, "import nowhere")


def test_lines_of_each_test(project: Path) -> None:
    node_id = "tests/test_calc.py::test_good"
    results = capture(project, only=(node_id,), trace_lines=True)
    assert results.by_id()[node_id].lines["src/calc.py"] == {2, 3}


@pytest.mark.slow
def test_node_ids_are_paths_from_the_top_whatever_starts_pytest(project: Path) -> None:
    results = capture(project, "make test")
    assert {case.node_id: case.state.value for case in results.cases} == STATES


@pytest.mark.slow
def test_the_workers_of_xdist_tell_as_much(project: Path) -> None:
    results = capture(project, f"{PYTEST} -p xdist -n 2")
    assert {case.node_id: case.state.value for case in results.cases} == STATES
    assert (results.collected, results.deselected) == (9, 1)
    assert results.by_id()["tests/test_calc.py::test_bad"].frame is not None


def test_a_patch_is_tested_without_a_trace(project: Path) -> None:
    patch = b"--- a/src/calc.py\n+++ b/src/calc.py\n@@ -3 +3 @@\n-    return number // 2\n"
    patch += b"+    return 5\n"
    node_id = "tests/test_calc.py::Units::test_unit"
    results = capture(project, patch=patch.replace(b"@@ -3 +3", b"@@ -3,1 +3,1"), only=(node_id,))
    assert results.by_id()[node_id].state.value == "passed"
    assert (project / "src/calc.py").read_text() == CODE


def test_a_patch_that_does_not_apply_is_refused(project: Path) -> None:
    with pytest.raises(Refused, match="does not apply"):
        capture(project, patch=b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")


def test_a_run_that_dies_tells_in_which_test(project: Path) -> None:
    (project / "src/calc.py").write_text("import os\ndef half(number):\n    os._exit(0)\n")
    results = capture_in(project, PYTEST, 600.0, only=("tests/test_calc.py::test_bad",))
    assert not results.is_complete
    assert results.cases[-1].message == "the run ended in this test"


def test_a_conftest_that_cannot_be_loaded_is_a_case(project: Path) -> None:
    (project / "conftest.py").write_text("import nowhere\n")
    results = capture_in(project, PYTEST, 600.0)
    assert [case.node_id for case in results.cases] == ["conftest.py"]
    assert (results.runner, results.exit_code) == (Runner.PYTEST, 4)


def test_pytest_inside_of_a_test_is_not_recorded(project: Path) -> None:
    test = (
        f"import subprocess\n\ndef test_outer():\n    subprocess.run({PYTEST!r}.split() + ['t'])\n"
    )
    (project / "tests" / "test_outer.py").write_text(test)
    results = capture_in(project, f"{PYTEST} tests/test_outer.py", 600.0)
    assert [case.node_id for case in results.cases] == ["tests/test_outer.py::test_outer"]


@pytest.mark.parametrize(
    ("command", "code"), [("exit 3", 3), ("no-such-command", 127), ("true", 0)]
)
def test_of_some_commands_only_the_exit_code_is_known(
    project: Path, command: str, code: int
) -> None:
    results = capture_in(project, command, 600.0)
    assert (results.runner, results.exit_code, results.cases) == (Runner.EXIT_CODE, code, ())


def test_a_command_that_hangs_is_stopped(project: Path) -> None:
    results = capture_in(project, "sleep 60", 0.3)
    assert not results.is_complete and not results.is_green
    assert results.reason.startswith("timed out")


def test_no_tests_at_all(project: Path) -> None:
    results = capture_in(project, f"{PYTEST} src", 600.0)
    assert (results.collected, results.exit_code, results.is_green) == (0, 5, False)


def test_where_the_plugin_cannot_come_in_the_command_runs_without_it(project: Path) -> None:
    results = capture_in(project, f"{shlex.quote(sys.executable)} -I -m pytest -q", 600.0)
    assert (results.runner, results.exit_code) == (Runner.EXIT_CODE, 1)
    assert "Error importing plugin" not in results.tail


def test_a_junit_file_of_another_runner(project: Path) -> None:
    xml = (
        '<testsuite><testcase classname="a" name="b"><failure message="c"/></testcase></testsuite>'
    )
    results = capture_in(project, f"echo '{xml}' > report.xml; exit 1", 600.0)
    assert (results.runner, results.failing) == (Runner.JUNIT, ("a::b",))
