"""The search runs in the interpreter of the tests."""

import shlex
import sys
from pathlib import Path

import pytest

from core.repair.kit import failed, report_of, results
from sweeptree.errors import Refused
from sweeptree.publish.checks import Runner
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.proposal import Budget
from sweeptree.repair.search_rung import SearchRung, find_python
from sweeptree.repository import find_repository


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, with a python3 and a pytest of another one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    (folder / "pytest").write_text("#!/opt/env/bin/python3.12\n")
    (folder / "pytest").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_the_commands_own_interpreter_is_found(bin_folder: Path, tmp_path: Path) -> None:
    assert find_python("A=1 python3 -m pytest", tmp_path) == str(bin_folder / "python3")
    assert find_python("pytest -q", tmp_path) == "/opt/env/bin/python3.12"
    assert find_python(f"{shlex.quote(sys.executable)} -m pytest", tmp_path) == sys.executable


def test_an_environment_that_the_command_names_is_the_repositorys(
    bin_folder: Path, tmp_path: Path
) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert find_python(".venv/bin/python -m pytest", tmp_path) == str(python)


def test_make_test_leads_to_the_python_on_path(bin_folder: Path, tmp_path: Path) -> None:
    assert find_python("make test 'unfinished", tmp_path) == str(bin_folder / "python3")
    (bin_folder / "python3").unlink()
    with pytest.raises(Refused, match="no python3 on PATH"):
        find_python("make test", tmp_path)


def test_other_runners_cannot_be_searched(repo: Path) -> None:
    run = results(failed(), runner=Runner.EXIT_CODE)
    report = FailureReport(run, report_of(failed()).failures)
    with pytest.raises(Refused, match="only where the tests are run by pytest"):
        SearchRung(find_repository(repo)).propose(report, repo, Budget(1.0))
