"""What a node needs to run a keeper, as two files on the shared file system: a zip file of modules,
and the batch script.

Hides which modules those are, and that they are compiled here: the node compiles nothing.
"""

from __future__ import annotations

import hashlib
import py_compile
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import sweeptree
from sweeptree.errors import Refused
from sweeptree.system.files import write_bytes

_MODULES = (
    "__init__.py",
    "errors.py",
    "gpus/__init__.py",
    "gpus/slots/*.py",
    "hosts/__init__.py",
    "hosts/slurm/__init__.py",
    "hosts/slurm/node/*.py",
    "supervise/*.py",
    "sweep/__init__.py",
    "sweep/artifacts.py",
    "sweep/file_moves.py",
    "system/*.py",
)
_LONGEST_FIRST_LINE = 127  # of older kernels
_SCRIPT = """\
#!{python} -IS
import sys

sys.path.append({package!r})
try:
    from sweeptree.hosts.slurm.node.main import {what}
except ImportError as error:
    sys.exit(f"sweeptree: {{error}}. Are the results on a file system that all nodes share?")
{what}({folder!r})
"""


def package_in(folder: Path) -> Path:
    """The zip file in this folder, written if it is not there. Raises OSError.

    Its name tells its content: keepers that run read from theirs until they end.
    """
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in _sources()))
    file = folder / f"keeper-{digest.hexdigest()[:12]}.zip"
    if not file.exists():
        _write_package(file)
    return file


def _write_package(file: Path) -> None:
    aside = file.with_name(f".{file.name}.tmp")
    with zipfile.ZipFile(aside, "w") as package:
        for source in _sources():
            name = str(source.relative_to(_root().parent))
            package.write(source, name)
            package.writestr(f"{name}c", _compiled(source, name))
    aside.replace(file)


def write_script(
    file: Path, python: str, package: Path, folder: Path, what: Literal["main", "clear"] = "main"
) -> None:
    """Write a batch script for the array whose manifest is in `folder`: its keeper, or what clears
    a node (see `node.main`). Raises OSError."""
    text = _SCRIPT.format(python=python, package=str(package), folder=str(folder), what=what)
    write_bytes(file, text.encode())


def default_python() -> str:
    """The interpreter that the environment of this one was made from."""
    return str(Path(sys.executable).resolve())


def check_python(python: str) -> str:
    """Return the path if it can stand in the first line of a script. Raises Refused."""
    line = f"#!{python} -IS"
    if python.startswith("/") and " " not in python and len(line) <= _LONGEST_FIRST_LINE:
        return python
    raise Refused(
        f"the nodes cannot start their keepers with {python!r}: a batch script's first line "
        "takes an absolute path without spaces, of at most 120 characters",
        hint="name another one, of Python 3.10 or newer: SWEEPTREE_SLURM_PYTHON=/usr/bin/python3",
    )


def _root() -> Path:
    return Path(sweeptree.__file__).parent


def _sources() -> Iterator[Path]:
    for pattern in _MODULES:
        yield from sorted(_root().glob(pattern))


def _compiled(source: Path, name: str) -> bytes:
    """The bytecode, which is taken without a look at the times of files."""
    with tempfile.TemporaryDirectory(prefix="sweeptree-") as folder:
        made = Path(folder, "module.pyc")
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(source), str(made), name, doraise=True, invalidation_mode=mode)
        return made.read_bytes()
