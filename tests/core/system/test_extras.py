"""The command that installs an extra works where it is shown."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sweeptree.system.extras import install_command


def test_the_command_names_the_libraries_of_the_extra_alone() -> None:
    words = shlex.split(install_command("mlflow"))
    assert words[-2:] == ["mlflow-skinny>=2.20", "sqlalchemy>=2"]
    assert sys.executable in words


@pytest.mark.parametrize("extra", ["parquet", "plots"])
def test_the_command_works(extra: str) -> None:
    """What it names is installed already, so that nothing is fetched."""
    done = subprocess.run(shlex.split(install_command(extra)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("has_uv", [True, False])
def test_uv_is_taken_where_it_stands_beside_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_uv: bool
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    if has_uv:
        (tmp_path / "uv").touch()
    first = shlex.split(install_command("parquet"))[0]
    assert first == str(tmp_path / ("uv" if has_uv else "python"))
