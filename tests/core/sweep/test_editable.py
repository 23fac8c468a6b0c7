"""Editable installs that lead into the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeptree.sweep.editable import editable_folders, import_path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site-packages of a new environment."""
    argv = [sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"]
    subprocess.run(argv, check=True)
    [found] = (tmp_path / "env").glob("lib/python3*/site-packages")
    return found


def folders(tmp_path: Path, command: str = "python x.py") -> tuple[str, ...]:
    path = {"PATH": f"{tmp_path}/env/bin:{os.environ['PATH']}"}
    return editable_folders(tmp_path / "repo", [command], path)


def test_both_kinds_are_found(site: Path, tmp_path: Path) -> None:
    assert folders(tmp_path) == ()
    (site / "a.pth").write_text(f"import os\n{tmp_path}/repo/src\n/elsewhere\n")
    text = f"MAPPING: dict = {{'pkg': '{tmp_path}/repo/lib/pkg'}}\n"
    (site / "__editable___pkg_finder.py").write_text(text)
    assert folders(tmp_path) == ("src", "lib")


def test_a_python_that_a_command_names_counts(site: Path, tmp_path: Path) -> None:
    (site / "a.pth").write_text(f"{tmp_path}/repo\n")
    command = f"{tmp_path}/env/bin/python x.py"
    assert editable_folders(tmp_path / "repo", [command], {"PATH": ""}) == (".",)


def test_the_worktrees_own_folder_is_imported(site: Path, tmp_path: Path) -> None:
    for place in ("repo", "worktree"):
        (tmp_path / place / "src").mkdir(parents=True)
        (tmp_path / place / "src/which.py").write_text(f"PLACE = {place!r}\n")
    (site / "a.pth").write_text(f"{tmp_path}/repo/src\n")
    path = import_path(tmp_path / "worktree", folders(tmp_path))
    argv = [tmp_path / "env/bin/python", "-c", "import which; print(which.PLACE)"]
    plain = subprocess.run(argv, capture_output=True, text=True, env={})
    ours = subprocess.run(argv, capture_output=True, text=True, env={"PYTHONPATH": path})
    assert (plain.stdout, ours.stdout) == ("repo\n", "worktree\n")
