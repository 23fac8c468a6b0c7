"""How a repository is tested: what it says itself, else what its files suggest."""

from pathlib import Path

import pytest

from sweeptree.errors import UsageError
from sweeptree.publish.checks import find_test_command


def test_given_before_configured_before_guessed(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    assert find_test_command(tmp_path, None) == "python3 -m pytest -q"
    (tmp_path / "Makefile").write_text("all:\ntest: all\n\ttrue\n")
    assert find_test_command(tmp_path, None) == "make test"
    (tmp_path / "pyproject.toml").write_text("[tool.sweeptree]\ntest_command = 'tox'\n")
    assert find_test_command(tmp_path, None) == "tox"
    assert find_test_command(tmp_path, "nox") == "nox"


@pytest.mark.parametrize("name", ["test_calc.py", "calc_test.py", "calc/test_sums.py"])
def test_files_of_tests_beside_the_code_are_run_by_pytest(tmp_path: Path, name: str) -> None:
    (tmp_path / "calc").mkdir()
    (tmp_path / name).touch()
    assert find_test_command(tmp_path, None) == "python3 -m pytest -q"


@pytest.mark.parametrize("text", ["[tool.sweeptree]\ntest_command = 3\n", "no toml at all", ""])
def test_one_that_says_nothing_is_a_usage_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match="says nowhere how it is tested"):
        find_test_command(tmp_path, None)


@pytest.mark.parametrize("name", ["test_a.py", "a_test.py", "pytest.ini", "tests/a.py"])
def test_pytest_is_guessed_where_there_are_tests(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert find_test_command(tmp_path, None) == "python3 -m pytest -q"


def test_settings_of_pytest_are_enough(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    assert find_test_command(tmp_path, None) == "python3 -m pytest -q"


def test_an_empty_command_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="empty"):
        find_test_command(tmp_path, " ")
