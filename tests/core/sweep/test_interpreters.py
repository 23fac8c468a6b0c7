"""Which environments the commands of a sweep may run in."""

from pathlib import Path

import pytest

from sweeptree.sweep.interpreters import environments


def make(tmp_path: Path, name: str) -> Path:
    """An environment with a Python and a launcher."""
    folder = tmp_path / name / "bin"
    folder.mkdir(parents=True)
    for program in ("python3", "python3.12", "torchrun"):
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    return tmp_path / name


@pytest.mark.parametrize("program", ["python3 x.py", "python3.12 x.py", "torchrun x.py", "make"])
def test_the_programs_on_path_are_found(tmp_path: Path, program: str) -> None:
    place = make(tmp_path, "env")
    assert environments([program], {"PATH": f"{place}/bin"}, tmp_path) == [place]


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"])
def test_an_activated_environment_is_found(tmp_path: Path, name: str) -> None:
    place = make(tmp_path, "env")
    assert environments(["make train"], {name: str(place)}, tmp_path) == [place]


@pytest.mark.parametrize(
    "command",
    [
        "envs/a/bin/python x.py",
        ". envs/a/bin/activate; python x.py",
        "conda run -n a python x.py",
        "mamba run --no-capture-output --name=a python x.py",
        "conda activate a && python x.py",
    ],
)
def test_an_environment_that_a_command_names_is_found(tmp_path: Path, command: str) -> None:
    place = make(tmp_path, "envs/a")
    assert environments([command], {"MAMBA_ROOT_PREFIX": str(tmp_path)}, tmp_path) == [place]


def test_the_projects_own_environment_is_found_where_a_tool_runs_it(tmp_path: Path) -> None:
    place = make(tmp_path, ".venv")
    assert environments(["uv run x.py"], {}, tmp_path) == [place]
    assert environments(["python x.py"], {}, tmp_path) == []
