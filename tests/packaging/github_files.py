"""What GitHub reads of this repository."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import sweeptree

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
TEMPLATE = Path(sweeptree.__file__).parent / "templates" / "nightly-orchestrator.yml"
CI = GITHUB / "workflows" / "ci.yml"
RELEASE = GITHUB / "workflows" / "release.yml"
WORKFLOWS = [TEMPLATE, *sorted((GITHUB / "workflows").iterdir())]

USES = re.compile(
    r"uses: (?P<action>[\w/-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)"
)


def jobs(workflow: Path) -> dict[str, Any]:
    """The jobs of a workflow by their ids."""
    return dict(yaml.safe_load(workflow.read_text())["jobs"])


def steps(workflow: Path, job: str) -> list[dict[str, Any]]:
    """The steps of one job."""
    return list(jobs(workflow)[job]["steps"])


def scripts(workflow: Path, job: str) -> Iterator[str]:
    """What the steps of one job run."""
    return (step["run"] for step in steps(workflow, job) if "run" in step)


def script(workflow: Path, job: str, name: str) -> str:
    """What the step of that name runs."""
    (found,) = [step["run"] for step in steps(workflow, job) if step.get("name") == name]
    return str(found)
