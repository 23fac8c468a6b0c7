"""requirements/install.sh on machines that lack something; no network is needed to be told so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLD = """#!/bin/sh
[ "$1" = --version ] && echo "Python 3.9.18" && exit 0
exit 1
"""
BARE = """#!/bin/sh
[ "$1" = -m ] && {{ echo "no module named $2"; exit 1; }}
exec "{python}" "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What install.sh reads, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def install(
    checkout: Path, kind: str = "run", *, python: str = "", script: str = ""
) -> subprocess.CompletedProcess[str]:
    if script:
        fake = checkout / "python"
        fake.write_text(script)
        fake.chmod(0o755)
        python = str(fake)
    argv = [checkout / "requirements" / "install.sh", kind]
    return subprocess.run(
        argv, env=os.environ | {"PYTHON": python}, capture_output=True, text=True, timeout=60
    )


def test_a_python_that_is_too_old_is_named(checkout: Path) -> None:
    done = install(checkout, script=OLD)
    assert done.returncode == 2
    assert "is not a Python 3.11, 3.12 or 3.13: Python 3.9.18" in done.stderr
    assert not (checkout / ".venv").exists()


def test_without_venv_and_pip_it_says_what_to_install(checkout: Path) -> None:
    done = install(checkout, script=BARE.format(python=sys.executable))
    assert done.returncode == 2
    assert "apt install python3-venv" in done.stderr


def test_an_unknown_lock_is_refused(checkout: Path) -> None:
    done = install(checkout, "prod", python=sys.executable)
    assert done.returncode == 2
    assert "run or dev" in done.stderr


def test_it_does_nothing_when_nothing_changed(checkout: Path) -> None:
    files = "requirements/run.txt pyproject.toml requirements/install.sh"
    command = f'cat {files} | cksum; pwd; "$0" --version'
    argv = ["/bin/sh", "-c", command, sys.executable]
    made = subprocess.run(argv, cwd=checkout, capture_output=True, text=True, check=True).stdout
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "sweeptree").write_text("")
    (checkout / ".venv" / "bin" / "sweeptree").chmod(0o755)
    (checkout / ".venv" / "made-run").write_text(made)
    done = install(checkout, python=sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
