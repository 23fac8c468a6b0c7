"""Tests that ask for less than before, and those that only look so."""

from pathlib import Path

import pytest

from core.review_kit import make_change
from sweeptree.review.checks.weakened import check_weakened
from sweeptree.review.values import Finding, Severity

OLD = """\
import pytest
from lib import f


@pytest.mark.parametrize("x", [1, 2, 3])
def test_f(x):
    assert f(x) == pytest.approx(x, rel=1e-6)
    assert f(-x) == 0
"""
WEAKER = {
    "an assertion less": OLD.replace("    assert f(-x) == 0\n", ""),
    "a case less": OLD.replace("[1, 2, 3]", "[1, 2]"),
    "skipped": OLD.replace("def test_f", "@pytest.mark.skip\ndef test_f"),
    "expected to fail": OLD.replace("def test_f", "@pytest.mark.xfail\ndef test_f"),
    "skipped inside": OLD.replace("    assert f(x)", "    pytest.skip('later')\n    assert f(x)"),
    "always true": OLD.replace("assert f(-x) == 0", "assert f(-x) == 0 or True"),
    "of itself": OLD.replace("assert f(-x) == 0", "assert f(-x) == f(-x)"),
    "more tolerant": OLD.replace("1e-6", "1e-1"),
    "caught": OLD.replace(
        "    assert f(-x) == 0\n",
        "    try:\n        assert f(-x) == 0\n    except AssertionError:\n        pass\n",
    ),
    "removed": "import pytest\n",
    "a module's mark": "pytestmark = pytest.mark.skip\n" + OLD,
}


def found(folder: Path, new: str, **more: str) -> tuple[Finding, ...]:
    old = {"tests/test_f.py": OLD, "lib.py": "def f(x):\n    return x\n"}
    head = {"tests/test_f.py": new, "lib.py": old["lib.py"]} | more
    return check_weakened(make_change(folder, old, head)).findings


@pytest.mark.parametrize("new", WEAKER.values(), ids=WEAKER.keys())
def test_each_way_to_weaken_a_test_blocks(tmp_path: Path, new: str) -> None:
    (weaker,) = found(tmp_path, new)
    assert (weaker.severity, weaker.path) == (Severity.BLOCKER, "tests/test_f.py")


@pytest.mark.parametrize(
    "new",
    [
        OLD.replace("test_f(", "test_of_f("),
        OLD.replace("[1, 2, 3]", "[1, 2, 3, 4]"),
        OLD.replace("f(-x) == 0", "f(-x) == 1"),
        OLD + "\n\ndef test_g():\n    assert f(0) == 0\n",
        OLD.replace("1e-6", "1e-9"),
        OLD.replace("@pytest", "def helper():\n    return 1\n\n\n@pytest"),
    ],
    ids=["renamed", "a case more", "another value", "a test more", "stricter", "a helper"],
)
def test_what_only_looks_so(tmp_path: Path, new: str) -> None:
    assert found(tmp_path, new) == ()


def test_a_test_that_moved_to_another_file(tmp_path: Path) -> None:
    old = {"tests/test_f.py": OLD}
    change = make_change(tmp_path, old, {"tests/test_g.py": OLD})
    assert check_weakened(change).findings == ()


def test_a_test_may_go_with_what_it_tested(tmp_path: Path) -> None:
    old = {"tests/test_f.py": OLD, "lib.py": "def f(x):\n    return x\n"}
    change = make_change(tmp_path, old, {"lib.py": "\n"})
    assert check_weakened(change).findings == ()


def test_a_condition_only_warns(tmp_path: Path) -> None:
    new = OLD.replace("def test_f", "@pytest.mark.skipif(X, reason='')\ndef test_f")
    (weaker,) = found(tmp_path, new)
    assert weaker.severity is Severity.WARNING


def test_settings_that_leave_tests_out(tmp_path: Path) -> None:
    workflow = "jobs:\n  test:\n    continue-on-error: true\n"
    change = make_change(tmp_path, {}, {".github/workflows/ci.yml": workflow})
    (weaker,) = check_weakened(change).findings
    assert (weaker.line, weaker.severity) == (3, Severity.WARNING)
