"""The sdist and the wheel: built, looked into, and installed where nothing of the repository is."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("packaging")]

IMPORT_ALL = """
import importlib, importlib.util, pathlib, pkgutil, sys
import sweeptree
assert pathlib.Path(sweeptree.__file__).is_relative_to(sys.prefix), sweeptree.__file__
for name in ("flows", "tasks", "agents", "examples", "tests"):
    assert importlib.util.find_spec(name) is None, name
found = [m.name for m in pkgutil.walk_packages(sweeptree.__path__, "sweeptree.")]
for name in found:
    # The plugin is a program for the pytest of a user: it reads its plan when it is loaded.
    if not name.endswith(("__main__", "pytest_plugin")):
        importlib.import_module(name)
print(*found)
"""


def quiet(*argv: str | Path, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(
        [*map(str, argv)], cwd=cwd, env=clean, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was made from it."""
    out = tmp_path_factory.mktemp("dist")
    quiet(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="session")
def wheel(archives: Path) -> Path:
    (path,) = archives.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel installed; the dependencies are those of this environment, its `.pth`
    files are not."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    quiet(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    python = folder / "bin" / "python"
    quiet(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=folder,
    )
    site = Path(
        quiet(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
        ).strip()
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["flows", "tasks", "agents", "examples"])
def test_the_wheel_holds_every_file_behind_a_symlink(folder: str, wheel: Path) -> None:
    ours = {f"sweeptree/{p.relative_to(ROOT)}" for p in (ROOT / folder).rglob("*.py")}
    assert ours
    assert ours <= names(wheel)


def test_the_wheel_holds_data_files_of_the_package(wheel: Path) -> None:
    ours = {str(p.relative_to(ROOT)) for p in (ROOT / "sweeptree").glob("**/*.json")} | {
        "sweeptree/py.typed",
        "sweeptree/prefect.yaml",
        "sweeptree/requirements.txt",
        *(f"sweeptree/report/page.{kind}" for kind in ("html.j2", "css", "js")),
    }
    assert ours <= names(wheel)


def test_the_wheel_has_one_top_level_package(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sweeptree"}
    assert not [
        name
        for name in names(wheel)
        if "__pycache__" in name or name.startswith("sweeptree/results")
    ]


def test_the_sdist_holds_folders_for_symlinks_and_nothing_private(archives: Path) -> None:
    (path,) = archives.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    tops = {m.name.split("/")[1] for m in members}
    links = {m.name.split("/", 1)[1]: m.linkname for m in members if not (m.isfile() or m.isdir())}
    assert links == {
        "sweeptree/prefect.yaml": "../prefect.yaml",
        "sweeptree/requirements.txt": "../requirements/run.txt",
    }
    assert {"sweeptree", "tests", "pyproject.toml", "LICENSE", "README.md"} <= tops
    assert not tops & {"results", ".venv", ".git", "shared", ".ci"}


def test_the_installed_wheel_imports_outside_the_repository(python: Path, tmp_path: Path) -> None:
    found = quiet(python, "-c", IMPORT_ALL, cwd=tmp_path).split()
    assert {"sweeptree.flows", "sweeptree.tasks", "sweeptree.agents", "sweeptree.cli"} <= set(found)


def test_the_installed_command_answers(python: Path, tmp_path: Path) -> None:
    assert "0.1.0" in quiet(python.with_name("sweeptree"), "--version", cwd=tmp_path)


def test_the_installed_example_runs(python: Path, tmp_path: Path) -> None:
    where = "from sweeptree.examples.ecg import generate_records as g; print(g.__file__)"
    example = Path(quiet(python, "-c", where, cwd=tmp_path).strip()).parent
    quiet(python, example / "generate_records.py", "data/ptb-xl", "--records", "60", cwd=tmp_path)
    quiet(python.with_name("sweeptree"), "curate", "--source", "data/ptb-xl", cwd=tmp_path)
    argv = ("--exp", "linear_lr_3e-3", "--epochs", "1")
    assert '"val_auc"' in quiet(python, example / "run_training.py", *argv, cwd=tmp_path)


def test_the_wheel_holds_the_example_with_its_requirements(wheel: Path) -> None:
    ours = {
        f"sweeptree/examples/ecg/{path.name}" for path in (ROOT / "examples" / "ecg").glob("*.*")
    }
    assert ours <= names(wheel)
    assert "sweeptree/examples/ecg/requirements-torch.txt" in ours
