"""What all test runs have in common."""

import os
from pathlib import Path

import pytest

from sweeptree.publish.checks.running import (
    Order,
    TestPlace,
    link_environments,
    python_path,
    run_command,
)
from sweeptree.repository import find_repository


def run(top: Path, files: Path, command: str) -> str:
    files.mkdir()
    return run_command(TestPlace(top, "abc"), Order(command, 600.0), files).tail


def test_no_secret_and_no_variable_of_ours(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hidden99")
    printed = run(repo, tmp_path / "files", "env")
    assert "hidden99" not in printed and "SWEEPTREE_EXP" not in printed


def test_the_code_of_the_worktree_comes_before_an_editable_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/given")
    assert python_path(tmp_path, ("/ours",)).split(os.pathsep) == [
        "/ours",
        str(tmp_path),
        "/given",
    ]
    (tmp_path / "src").mkdir()
    assert python_path(tmp_path).split(os.pathsep)[0] == str(tmp_path / "src")


def test_code_that_hides_a_module_of_python_is_not_put_first(tmp_path: Path) -> None:
    (tmp_path / "queue.py").touch()
    assert str(tmp_path) not in python_path(tmp_path).split(os.pathsep)


def test_an_environment_that_the_command_names_is_linked(repo: Path, tmp_path: Path) -> None:
    (repo / ".venv").mkdir()
    (repo / ".venv" / "pyvenv.cfg").touch()
    link_environments(find_repository(repo), tmp_path, ".venv/bin/python -m pytest")
    assert (tmp_path / ".venv").resolve() == (repo / ".venv").resolve()


def test_a_folder_that_the_commit_lacks_is_not_entered(tmp_path: Path) -> None:
    assert TestPlace(tmp_path, "abc", Path("gone")).cwd == tmp_path
