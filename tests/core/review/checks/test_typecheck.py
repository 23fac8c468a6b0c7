"""Type errors, also where the change did not touch anything."""

from pathlib import Path

import pytest

from core.review_kit import make_change
from sweeptree.review.checks.typecheck import Checker, check_types, configured_checker
from sweeptree.review.findings import new_findings
from sweeptree.review.values import Finding, Severity

CALLER = "from lib import f\n\nprint(f(1, 2))\n"
OLD = {"lib.py": "def f(x: int, y: int) -> int:\n    return x + y\n", "caller.py": CALLER}
NEW = OLD | {"lib.py": "def f(x: int) -> int:\n    return x\n"}


def new(folder: Path, old: dict[str, str], head: dict[str, str]) -> tuple[Finding, ...]:
    change = make_change(folder, old, head)
    return new_findings([check_types(change)], change)


def test_a_far_caller_that_breaks_is_found(tmp_path: Path) -> None:
    (broken,) = new(tmp_path, OLD, NEW)
    assert (broken.path, broken.line, broken.severity) == ("caller.py", 3, Severity.BLOCKER)


def test_what_was_wrong_before_is_no_news(tmp_path: Path) -> None:
    assert new(tmp_path, NEW, NEW | {"lib.py": "# more\n" + NEW["lib.py"]}) == ()


def test_a_module_that_is_not_installed_here_only_warns(tmp_path: Path) -> None:
    (missing,) = new(tmp_path, {}, {"a.py": "import no_such_module\n"})
    assert missing.severity is Severity.WARNING


def test_a_module_of_its_own_that_is_missing_blocks(tmp_path: Path) -> None:
    old = {"lib/__init__.py": "", "lib/a.py": "", "b.py": "import lib.a\n"}
    head = {"lib/__init__.py": "", "b.py": "import lib.a\n"}
    (missing,) = new(tmp_path, old, head)
    assert (missing.path, missing.severity) == ("b.py", Severity.BLOCKER)


@pytest.mark.slow
def test_the_repositorys_mypy(tmp_path: Path) -> None:
    config = {"mypy.ini": "[mypy]\nstrict = true\n"}
    (broken,) = new(tmp_path, OLD | config, NEW | config)
    assert (broken.tool, broken.path, broken.rule) == ("mypy", "caller.py", "call-arg")


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("pyproject.toml", "[tool.mypy]\n", Checker.MYPY),
        ("setup.cfg", "[mypy]\nstrict = True\n", Checker.MYPY),
        ("pyrightconfig.json", "{}", Checker.PYRIGHT),
        ("pyproject.toml", "not toml", Checker.TY),
    ],
)
def test_the_configured_checker_wins(
    tmp_path: Path, file: str, text: str, expected: Checker
) -> None:
    (tmp_path / file).write_text(text)
    assert configured_checker(tmp_path) is expected


def test_a_strangers_plugins_are_not_loaded(tmp_path: Path) -> None:
    evil = {"mypy.ini": "[mypy]\nplugins = evil.py\n", "evil.py": "open('ran', 'w')\n"}
    change = make_change(tmp_path, OLD, NEW | evil)
    assert check_types(change, is_strangers=True).note == "ty"
    assert not (change.head_top / "ran").exists()


def test_a_strangers_settings_do_not_lead_the_checker_out(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "private.py").write_text("WORD = 'xyzzy'\n")
    settings = f"[environment]\nextra-paths = ['{tmp_path / 'home'}']\n"
    code = "from private import WORD\nreveal_type(WORD)\n"
    change = make_change(tmp_path, OLD, OLD | {"ty.toml": settings, "a.py": code})
    found = check_types(change, is_strangers=True).findings
    assert found and "xyzzy" not in str(found)


def test_a_file_that_is_no_utf_8_is_no_type_error(tmp_path: Path) -> None:
    change = make_change(tmp_path, {}, {"a.py": "x = 1\n"})
    (change.head_top / "a.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")
    assert check_types(change).findings == ()
