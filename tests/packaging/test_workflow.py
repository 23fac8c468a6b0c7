"""The workflow template: its rights, and its own script run as the runner would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from github_files import TEMPLATE
from helpers import git


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
