"""Editable installs that lead into the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeptree.sweep.editable import Editable, find_editable, import_path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site-packages of a new environment."""
    argv = [sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"]
    subprocess.run(argv, check=True)
    [found] = (tmp_path / "env").glob("lib/python3*/site-packages")
    return found


def look(tmp_path: Path, command: str = "python x.py", **variables: str) -> Editable:
    environ = {"PATH": f"{tmp_path}/env/bin:{os.environ['PATH']}", **variables}
    return find_editable(tmp_path / "repo", [command], environ, lambda folder: folder != "build")


def test_both_kinds_are_found(site: Path, tmp_path: Path) -> None:
    assert look(tmp_path) == Editable()
    (site / "a.pth").write_text(f"import os\n{tmp_path}/repo/src\n/elsewhere\n")
    text = f"MAPPING: dict = {{'pkg': '{tmp_path}/repo/lib/pkg'}}\nsys.meta_path.append(F)\n"
    (site / "__editable___pkg_finder.py").write_text(text)
    (site / "b.pth").write_text("import __editable___pkg_finder; __editable___pkg_finder.install()")
    assert look(tmp_path) == Editable(("src", "lib"))


@pytest.mark.parametrize(
    "command",
    [
        "{0}/env/bin/python x.py",
        "source ../env/bin/activate && python x.py",
        "conda run -n env python x.py",
        "uv run x.py",
    ],
)
def test_each_python_that_a_command_names_counts(site: Path, tmp_path: Path, command: str) -> None:
    (site / "a.pth").write_text(f"{tmp_path}/repo\n")
    (tmp_path / "repo").mkdir()
    if command.startswith("uv"):
        (tmp_path / "repo/.venv").symlink_to(tmp_path / "env")
    found = look(tmp_path, command.format(tmp_path), PATH="", MAMBA_ROOT_PREFIX=str(tmp_path))
    assert found.folders == (".",)


def test_the_users_own_pythonpath_into_the_checkout_counts(tmp_path: Path) -> None:
    assert look(tmp_path, PYTHONPATH=f"{tmp_path}/repo/src:/elsewhere:rel").folders == ("src",)


def test_a_hook_that_goes_first_and_a_folder_that_is_not_committed_are_out_of_reach(
    site: Path, tmp_path: Path
) -> None:
    (site / "a.pth").write_text(f"import _pkg_loader\n{tmp_path}/repo/build\n")
    hook = f"sys.meta_path.insert(0, Finder('{tmp_path}/repo/src'))\n"
    (site / "_pkg_loader.py").write_text(hook)
    found = look(tmp_path)
    assert found.folders == ()
    assert "_pkg_loader.py imports from src in your checkout" in found.fixed[0]
    assert "build in your checkout, which is not in the commit" in found.fixed[1]
    assert found.out_of_reach("python x.py") == found.fixed


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("python -I x.py", "python -I ignores PYTHONPATH"),
        (".venv/bin/python3.11 -X dev -uE -m train", "python -uE ignores PYTHONPATH"),
        ("cd src && PYTHONPATH=/other python x.py", "PYTHONPATH of its own"),
        ("export PYTHONPATH=lib; python x.py", "PYTHONPATH of its own"),
        ("env -u PYTHONPATH python x.py", "PYTHONPATH of its own"),
        ("bash -c 'python -E x.py'", "python -E ignores PYTHONPATH"),
    ],
)
def test_a_command_that_escapes_the_path_is_named(command: str, said: str) -> None:
    [sentence] = Editable(("src",)).out_of_reach(command)
    assert said in sentence and "src" in sentence


@pytest.mark.parametrize(
    "command",
    [
        "python x.py -I -E",
        "python -u -m train -E",
        "python -c 'x' -I",
        "PYTHONPATH=lib:$PYTHONPATH python x.py",
        'PYTHONPATH="${PYTHONPATH}:lib" python x.py',
        "PYTHONPATH=./src python x.py",
        "PYTHONPATH=$PWD/src:lib python x.py",
    ],
)
def test_a_command_that_keeps_the_path_is_not(command: str) -> None:
    assert Editable(("src",)).out_of_reach(command) == ()


def test_the_worktrees_own_folder_is_imported(site: Path, tmp_path: Path) -> None:
    for place in ("repo", "worktree"):
        (tmp_path / place / "src").mkdir(parents=True)
        (tmp_path / place / "src/which.py").write_text(f"PLACE = {place!r}\n")
    (site / "a.pth").write_text(f"{tmp_path}/repo/src\n")
    path = import_path(tmp_path / "worktree", look(tmp_path).folders)
    argv = [tmp_path / "env/bin/python", "-c", "import which; print(which.PLACE)"]
    plain = subprocess.run(argv, capture_output=True, text=True, env={})
    ours = subprocess.run(argv, capture_output=True, text=True, env={"PYTHONPATH": path})
    assert (plain.stdout, ours.stdout) == ("repo\n", "worktree\n")
