"""Which files a fix may not change."""

from pathlib import Path

import pytest

from core.publish.checks.gate_kit import Project, make
from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults
from sweeptree.publish.checks.protected import (
    Protection,
    changes_test_configuration,
    find_protection,
    shadows,
)

FILES = {
    "pytest.ini": (
        "[pytest]\ntestpaths = checks\npython_files = check_*.py\naddopts = -p calc.kit\n"
    ),
    "conftest.py": "pytest_plugins = ['calc.fixtures']\n",
    "calc/kit.py": "",
    "calc/fixtures.py": "",
    "run_checks.sh": "pytest\n",
}


def results(command: str, *node_ids: str) -> TestResults:
    cases = tuple(TestCase(node_id, CaseState.FAILED) for node_id in node_ids)
    return TestResults(command, "abc", Runner.PYTEST, cases)


@pytest.mark.parametrize(
    "path",
    [
        "tests/data/x.json", "pkg/tests/helper.py", "a/test_b.py", "b_test.py", "conftest.py",
        "pkg/conftest.py", "tox.ini", ".github/workflows/ci.yml", ".gitlab-ci.yml", "x.pth",
        "sitecustomize.py", ".gitattributes", "Makefile", "src/a.test.ts", "calc_test.go",
        "a.egg-info/entry_points.txt", ".coveragerc", "noxfile.py", "pkg/__pycache__/a.pyc",
    ],
)  # fmt: skip
def test_the_usual_names(path: str) -> None:
    assert Protection().covers(path)


@pytest.mark.parametrize("path", ["calc/core.py", "testing/tool.py", "docs/a.md", "latest.py"])
def test_all_others_may_be_changed(path: str) -> None:
    assert not Protection().covers(path)


def test_what_the_repository_itself_says(tmp_path: Path) -> None:
    commit = make(tmp_path, Project(FILES))
    before = results("sh run_checks.sh", "odd/place.py::test_a", "calc/doc.py::calc.doc.f")
    found = find_protection(tmp_path, commit, before)
    covered = ["checks/x.py", "a/check_b.py", "calc/kit.py", "calc/fixtures.py", "run_checks.sh"]
    assert all(map(found.covers, [*covered, "odd/place.py"]))
    assert not found.covers("calc/doc.py") and not found.covers("a/test_b.py")


@pytest.mark.parametrize(
    ("path", "old", "new", "touches"),
    [
        ("pyproject.toml", b"[tool.a]\nx = 1\n", b"[tool.a]\nx = 2\n", False),
        ("pyproject.toml", b"[tool.a]\nx = 1\n", b"[tool.pytest.ini_options]\nx = 2\n", True),
        ("pyproject.toml", b"", b"[project.entry-points.pytest11]\na = 'b'\n", True),
        ("pyproject.toml", b"", b"not toml", True),
        ("setup.cfg", b"[metadata]\nname = a\n", b"[metadata]\nname = b\n", False),
        ("setup.cfg", None, b"[tool:pytest]\naddopts = -x\n", True),
    ],
)
def test_files_for_many_purposes(path: str, old: bytes, new: bytes, touches: bool) -> None:
    assert changes_test_configuration(path, old, new) is touches


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("json.py", "json"), ("src/pytest/__init__.py", "pytest"), ("pytest_x.py", "pytest_x"),
        ("calc/json.py", None), ("calc.py", None), ("a/b/json/x.py", None), ("json.md", None),
    ],
)  # fmt: skip
def test_modules_that_would_stand_before_others(path: str, name: str | None) -> None:
    assert shadows(path) == name
