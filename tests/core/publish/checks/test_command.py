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
