"""A missing import is put in where only one module can be meant."""

from pathlib import Path

import pytest

from core.repair.kit import failed
from sweeptree.repair.missing_imports import (
    Missing,
    defining_module,
    missing_names,
    module_name,
    with_import,
)

AREA = Missing("area", "plots.py")


def test_the_failing_tests_name_what_they_miss() -> None:
    moved = "ImportError: cannot import name 'fit' from 'lib.old' (/x/lib/old.py)"
    cases = [
        failed(message="NameError: name 'area' is not defined", path="plots.py"),
        failed(message="NameError: name 'area' is not defined", path="plots.py"),
        failed(message=moved, path="run.py"),
        failed(message="assert 1 == 2"),
    ]
    assert missing_names(cases) == (AREA, Missing("fit", "run.py", "lib.old"))


def write(top: Path, **files: str) -> tuple[str, ...]:
    for name, text in files.items():
        (top / f"{name}.py").write_text(text)
    return tuple(f"{name}.py" for name in files)


def test_the_one_module_that_defines_it_is_found(tmp_path: Path) -> None:
    files = write(tmp_path, shapes="def area(): ...\n", other="area()\n", test_x="area = 1\n")
    assert defining_module(tmp_path, files, AREA) == "shapes"


def test_two_modules_that_define_it_are_no_answer(tmp_path: Path) -> None:
    files = write(tmp_path, shapes="def area(): ...\n", fields="area: int = 3\n")
    assert defining_module(tmp_path, files, AREA) is None


def test_a_file_that_a_link_leads_to_defines_nothing(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("area = 1\n")
    (tmp_path / "shapes.py").symlink_to(tmp_path / "outside")
    assert defining_module(tmp_path, ("shapes.py",), AREA) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.py", "a.b"), ("src/a/b.py", "a.b"), ("a/__init__.py", "a"), ("lib.py", "lib")],
)
def test_a_file_has_the_name_that_it_is_imported_by(path: str, name: str) -> None:
    assert module_name(path) == name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = area()\n", "from shapes import area\nx = area()\n"),
        ('"""Doc."""\n\nx = 1\n', '"""Doc."""\nfrom shapes import area\n\nx = 1\n'),
        ("import os\r\nx = 1\r\n", "import os\r\nfrom shapes import area\r\nx = 1\r\n"),
        ("import a\n\x0c\nx = 1\n", "import a\nfrom shapes import area\n\x0c\nx = 1\n"),
    ],
)
def test_the_import_stands_behind_the_others(before: str, after: str) -> None:
    assert with_import(before, AREA, "shapes") == after


def test_a_name_that_moved_is_imported_from_where_it_stands() -> None:
    text = "def f():\n    from lib.old import a, fit as g\n    return g\n"
    found = with_import(text, Missing("fit", "run.py", "lib.old"), "lib.new")
    expected = "    from lib.old import a\n    from lib.new import fit as g\n"
    assert found == f"def f():\n{expected}    return g\n"


def test_what_is_no_python_stays() -> None:
    assert with_import("def f(:\n", AREA, "shapes") is None
