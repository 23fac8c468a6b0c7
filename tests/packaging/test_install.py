"""requirements/install.sh on machines that lack something; no network is needed to be told so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import certifi
import pytest
from install_kit import Project, offer_uv, project, wheel

ROOT = Path(__file__).resolve().parents[2]
OLD = """#!/bin/sh
[ "$1" = --version ] && echo "Python 3.9.18" && exit 0
exit 1
"""
BARE = """#!/bin/sh
[ "$1" = -m ] && {{ echo "no module named $2"; exit 1; }}
exec "{python}" "$@"
"""
WITHOUT_PIP = """#!/bin/sh
[ "$1 $2" = "-m pip" ] && {{ echo "no module named pip"; exit 1; }}
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


@pytest.fixture
def small(tmp_path: Path) -> Project:
    return project(tmp_path)


def real_uv() -> str:
    found = Path(sys.executable).parent / "uv"
    if not found.exists():
        pytest.skip("this environment was made without uv")
    return str(found)


def test_uv_installs_the_lock_and_says_so_in_a_few_lines(small: Project) -> None:
    offer_uv(small, f'exec "{real_uv()}" "$@"')
    done = small.install(UV_CACHE_DIR=str(small.index / "cache"))
    assert (done.returncode, small.runs()) == (0, True), done.stderr
    assert "Installed by uv" in done.stderr
    assert len((done.stdout + done.stderr).splitlines()) <= 10


def test_where_uv_cannot_be_had_pip_installs(small: Project) -> None:
    done = small.install()
    assert (done.returncode, small.runs()) == (0, True), done.stderr
    assert "No matching distribution found for uv" in done.stderr
    assert "Installed by pip" in done.stderr
    assert len((done.stdout + done.stderr).splitlines()) <= 10


def test_where_uv_fails_pip_installs(small: Project) -> None:
    offer_uv(small, "echo no room for the cache; exit 2")
    done = small.install()
    assert (done.returncode, small.runs()) == (0, True), done.stderr
    assert "no room for the cache" in done.stderr


def test_pip_alone_when_it_is_asked_for(small: Project) -> None:
    offer_uv(small, "exit 2")
    done = small.install(SWEEPTREE_INSTALL="pip")
    assert (done.returncode, "Installed by pip" in done.stderr) == (0, True), done.stderr
    assert not (small.folder / ".venv" / "bin" / "uv").exists()


def test_where_python_has_no_pip_the_environment_gets_one(small: Project) -> None:
    bare = small.folder / "python"
    bare.write_text(WITHOUT_PIP.format(python=sys.executable))
    bare.chmod(0o755)
    done = small.install(SWEEPTREE_INSTALL="pip", PYTHON=str(bare))
    assert (done.returncode, small.runs()) == (0, True), done.stderr
    assert list((small.folder / ".venv" / "bin").glob("pip*"))


def test_as_on_debian_without_ensurepip_the_systems_pip_fills_the_environment(
    small: Project,
) -> None:
    done = small.install(SWEEPTREE_INSTALL="pip", PYTHONPATH=lacking(small, "ensurepip"))
    assert (done.returncode, small.runs()) == (0, True), done.stderr
    assert not list((small.folder / ".venv" / "bin").glob("pip*"))


def test_without_pip_and_ensurepip_it_says_what_to_install(small: Project) -> None:
    done = small.install(PYTHONPATH=lacking(small, "ensurepip", "pip"))
    assert (done.returncode, "apt install python3-venv" in done.stderr) == (2, True)
    assert "lacks ensurepip" in done.stderr


def test_pip_settings_that_cannot_be_read_are_shown(small: Project) -> None:
    config = small.folder / "pip.conf"
    config.write_text("[global\n")
    done = small.install(PIP_CONFIG_FILE=str(config))
    assert done.returncode == 1
    assert "pip config debug" in done.stderr and "pip.conf" in done.stderr


def lacking(made: Project, *modules: str) -> str:
    """A PYTHONPATH on which these modules cannot be imported."""
    folder = made.index / "lacking"
    folder.mkdir()
    for name in modules:
        (folder / f"{name}.py").write_text(f"raise SystemExit('this Python lacks {name}')")
    return str(folder)


def test_another_installer_is_refused(small: Project) -> None:
    done = small.install(SWEEPTREE_INSTALL="conda")
    assert (done.returncode, "uv (where it can be had) or pip" in done.stderr) == (2, True)
    assert not (small.folder / ".venv").exists()


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_package_that_is_not_the_locked_one_is_refused(small: Project, installer: str) -> None:
    if installer == "uv":
        offer_uv(small, f'exec "{real_uv()}" "$@"')
    wheel(small.index, "parts", "1.0", {"parts.py": "import evil\n"})
    done = small.install(SWEEPTREE_INSTALL=installer, UV_CACHE_DIR=str(small.index / "cache"))
    assert done.returncode == 1
    assert "requirements/run.txt cannot be installed" in done.stderr
    assert "HASHES" in done.stderr
    assert not small.runs()
    assert not (small.folder / ".venv" / "made-run").exists()


def test_uv_is_told_what_pip_is_told(small: Project) -> None:
    offer_uv(small, "env >uv-environment; exit 2")
    config = small.folder / "pip.conf"
    links = f"{small.index} {small.index}/more"
    indexes = "https://a.example/simple\n    https://b.example"
    config.write_text(f"[global]\nextra-index-url={indexes}\ncert={certifi.where()}\n")
    small.install(
        PIP_CONFIG_FILE=str(config), PIP_FIND_LINKS=links, PIP_INDEX_URL="https://d.example/it's"
    )
    told = dict(
        line.partition("=")[::2]
        for line in (small.folder / "uv-environment").read_text().splitlines()
    )
    assert told["UV_INDEX"] == "https://a.example/simple https://b.example"
    assert told["UV_DEFAULT_INDEX"] == "https://d.example/it's"
    assert told["UV_FIND_LINKS"] == f"{small.index},{small.index}/more"
    assert (told["SSL_CERT_FILE"], told["UV_NO_INDEX"]) == (certifi.where(), "1")


def test_what_uv_cannot_be_told_is_left_to_pip(small: Project) -> None:
    offer_uv(small, "exit 2")
    done = small.install(PIP_PREFER_BINARY="1")
    assert (done.returncode, "uv has no word for pip's setting prefer-binary" in done.stderr) == (
        0,
        True,
    ), done.stderr
    assert not (small.folder / ".venv" / "bin" / "uv").exists()
