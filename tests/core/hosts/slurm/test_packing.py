"""What a node reads: by a Python without site-packages, from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sweeptree.errors import Refused
from sweeptree.hosts.slurm import packing


def run_isolated(package: Path, code: str, cwd: Path) -> str:
    program = f"import sys; sys.path.append({str(package)!r}); {code}"
    argv = [packing.default_python(), "-IS", "-c", program]
    return subprocess.run(argv, cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_the_keeper_loads_from_the_package_alone(tmp_path: Path) -> None:
    package = packing.package_in(tmp_path)
    code = "from sweeptree.hosts.slurm.node import main; print(main.__file__)"
    assert run_isolated(package, code, tmp_path).startswith(str(package))


def test_it_needs_no_compiler_on_the_node(tmp_path: Path) -> None:
    package = packing.package_in(tmp_path)
    code = "import sweeptree.hosts.slurm.node.main as m; print(m.__loader__, m.__cached__)"
    seen = run_isolated(package, code, tmp_path)
    assert "zipimporter" in seen
    names = zipfile.ZipFile(package).namelist()
    assert "sweeptree/hosts/slurm/node/main.pyc" in names


@pytest.mark.parametrize(
    "late",
    [
        "sweeptree.sweep.artifacts",
        "sweeptree.supervise.orphans",
        "sweeptree.supervise.meter",
        "sweeptree.gpus.slots",
    ],
)
def test_what_it_loads_later_is_there_too(tmp_path: Path, late: str) -> None:
    package = packing.package_in(tmp_path)
    assert run_isolated(package, f"import {late}; print('ok')", tmp_path) == "ok\n"


def test_it_loads_little(tmp_path: Path) -> None:
    package = packing.package_in(tmp_path)
    code = "import sweeptree.hosts.slurm.node.main, sys; print(*sys.modules)"
    loaded = set(run_isolated(package, code, tmp_path).split())
    assert not loaded & {"dataclasses", "pathlib", "subprocess", "threading", "pydantic", "typing"}


def test_the_same_package_is_written_once(tmp_path: Path) -> None:
    first = packing.package_in(tmp_path).stat()
    assert packing.package_in(tmp_path).stat().st_mtime_ns == first.st_mtime_ns


def test_a_script_that_cannot_find_the_package_says_what_to_look_at(tmp_path: Path) -> None:
    script = tmp_path / "script"
    packing.write_script(script, sys.executable, tmp_path / "gone.zip", tmp_path)
    done = subprocess.run(
        [packing.default_python(), "-IS", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "Are the results on a file system that all nodes share?" in done.stderr


@pytest.mark.parametrize("python", ["python3", "/opt/my python/bin/python", "/" + "x" * 130])
def test_a_python_that_no_first_line_can_name_is_refused(python: str) -> None:
    with pytest.raises(Refused, match="first line"):
        packing.check_python(python)
