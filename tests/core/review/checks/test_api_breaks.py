"""Broken promises to callers elsewhere."""

from pathlib import Path

import pytest

from core.review_kit import make_change
from sweeptree.review.checks.api_breaks import check_api, is_library
from sweeptree.review.values import Severity

PROJECT = {"pyproject.toml": "[project]\nname = 'lib'\n"}
OLD = {"lib/__init__.py": "def f(x, step=1):\n    return x\n\n\ndef g():\n    return 1\n"}
NEW = {"lib/__init__.py": "def f(x):\n    return x\n"}


def test_removed_parameters_and_functions(tmp_path: Path) -> None:
    found = check_api(make_change(tmp_path, OLD | PROJECT, NEW | PROJECT)).findings
    assert sorted((each.rule, each.line) for each in found) == [
        ("object-removed", 0),
        ("parameter-removed", 1),
    ]
    assert {each.severity for each in found} == {Severity.WARNING}


def test_what_nobody_installs_promises_nothing(tmp_path: Path) -> None:
    assert not check_api(make_change(tmp_path, OLD, NEW)).is_run


def test_a_package_below_src(tmp_path: Path) -> None:
    old = {f"src/{path}": text for path, text in OLD.items()}
    new = {f"src/{path}": text for path, text in NEW.items()}
    found = check_api(make_change(tmp_path, old | PROJECT, new | PROJECT)).findings
    assert {each.path for each in found} == {"src/lib/__init__.py"}


def test_private_names_are_no_promise(tmp_path: Path) -> None:
    old, new = {"lib/__init__.py": "def _f(x): ...\n"}, {"lib/__init__.py": "def _f(): ...\n"}
    assert check_api(make_change(tmp_path, old | PROJECT, new | PROJECT)).findings == ()


def test_nothing_of_the_code_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    new = {"lib/__init__.py": f"open({str(ran)!r}, 'w')\n"}
    check_api(make_change(tmp_path, OLD | PROJECT, new | PROJECT))
    assert not ran.exists()


@pytest.mark.parametrize(("name", "expected"), [("setup.py", True), ("train.py", False)])
def test_what_is_a_library(tmp_path: Path, name: str, expected: bool) -> None:
    (tmp_path / name).touch()
    assert is_library(tmp_path) is expected
