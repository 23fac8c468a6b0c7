"""The sweep that continuous integration runs on macOS, here."""

import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import LONGEST, Cli

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

CI = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "ci.yml"


def test_the_smoke_run_ends_well(cli: Cli) -> None:
    steps = yaml.safe_load(CI.read_text())["jobs"]["macos"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "A sweep"]

    words = ["bash", "-e", "-c", script]
    done = subprocess.run(
        words, cwd=cli.folder, env=dict(cli.env), capture_output=True, text=True, timeout=LONGEST
    )

    assert done.returncode == 0, done.stderr
    assert "2 ok" in done.stdout
