"""What pytest is told, and a project that makes it hard."""

import sys
from pathlib import Path

import pytest

from core.repair.search.search_kit import project
from sweeptree.repair.search import SearchLimits, SearchTask, search

TESTS = """\
    import pytest
    from package.program import add

    @pytest.mark.parametrize("number", [1, 2])
    def test_add(number, given):
        assert add(number, given) == number + 3
"""


@pytest.mark.slow
def test_a_source_folder_a_conftest_options_and_modules_with_our_names(tmp_path: Path) -> None:
    top = project(tmp_path / "repo", "", TESTS)
    package = top / "src" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "program.py").write_text("def add(a, b):\n    return a - b\n")
    (top / "templates.py").write_text("raise ImportError")
    (top / "search.py").write_text("raise ImportError")
    (top / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef given(): return 3\n")
    (top / "pytest.ini").write_text("[pytest]\naddopts = --lf -n 2 --maxfail=1 -v\n")
    names = tuple(f"test_program.py::test_add[{number}]" for number in (1, 2))
    outcome = search(SearchTask(top, names, (), sys.executable), SearchLimits(30.0, 120.0))
    assert [repair.path for repair in outcome.repairs][:1] == ["src/package/program.py"], outcome
