"""The tools of a model reach the repository's files and nothing else."""

from pathlib import Path

import pytest

from core.repair.kit import failed, passed, results
from sweeptree.repair.workbench import Mistake, Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    (tmp_path / "test_a.py").write_text("assert True\n")
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / ".git").mkdir()
    run = lambda: results(failed(), passed("ok"))  # noqa: E731
    return Workbench(tmp_path, ("a.py", "test_a.py"), run, lambda path: "test" in path)


def test_a_file_is_read_with_its_line_numbers(bench: Workbench) -> None:
    assert bench.read("a.py", 2) == "2: y = 2\n(2 lines in all)"


def test_a_pattern_is_found_in_the_files_of_a_folder(bench: Workbench) -> None:
    assert bench.grep(r"^y = \d") == "a.py:2: y = 2"
    assert bench.grep("y", "elsewhere") == "nothing was found"
    with pytest.raises(Mistake, match="no regular expression"):
        bench.grep("(")


def test_an_edit_replaces_the_one_place_that_is_meant(bench: Workbench) -> None:
    assert bench.edit("a.py", "x = 1", "x = 3") == "changed a.py"
    assert (bench.top / "a.py").read_text() == "x = 3\ny = 2\n"
    with pytest.raises(Mistake, match="stands 2 times"):
        bench.edit("a.py", " = ", "")


def test_a_new_file_is_made_once(bench: Workbench) -> None:
    assert bench.edit("new/b.py", "", "z = 1\n") == "made new/b.py"
    with pytest.raises(Mistake, match="exists"):
        bench.edit("new/b.py", "", "z = 2\n")


@pytest.mark.parametrize("path", ["test_a.py", "conftest.py"])
def test_tests_and_their_configuration_stay(bench: Workbench, path: str) -> None:
    with pytest.raises(Mistake, match="stays as it is"):
        bench.edit(path, "", "skip")


@pytest.mark.parametrize(
    "path", ["../b.py", "/etc/passwd", "link/passwd", ".git/config", ".", "a\0"]
)
def test_no_path_leads_out(bench: Workbench, path: str) -> None:
    for call in (lambda: bench.read(path), lambda: bench.edit(path, "", "x")):
        with pytest.raises(Mistake):
            call()


def test_what_still_fails_is_told(bench: Workbench) -> None:
    assert "test_program.py::test_double: assert 5 == 4" in bench.run_failing_tests()
    green = Workbench(bench.top, (), lambda: results(passed("a")), lambda _: False)
    assert green.run_failing_tests() == "all of them pass"


def test_what_is_no_text_is_said(bench: Workbench) -> None:
    (bench.top / "bin").write_bytes(b"\xff\xfe")
    with pytest.raises(Mistake, match="no text"):
        bench.read("bin")
    with pytest.raises(Mistake, match="cannot be read"):
        bench.read("gone")
