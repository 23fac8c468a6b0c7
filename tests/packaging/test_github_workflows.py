"""The workflows of this repository: what they run, with which rights, and their own scripts run as
a runner would."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from github_files import CI, RELEASE, ROOT, USES, WORKFLOWS, jobs, script, scripts, steps

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TAG_CHECK = script(RELEASE, "build", "The tag names the version")


def test_ci_calls_the_commands_of_the_ci_script() -> None:
    here = re.findall(r"^make \w+$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    there = [run for run in scripts(CI, "linux") if run.startswith("make ")]
    assert here == there == ["make check", "make test"]


def test_ci_runs_on_every_python_of_the_classifiers() -> None:
    prefix = "Programming Language :: Python :: "
    supported = [
        name.removeprefix(prefix) for name in PROJECT["classifiers"] if name.startswith(prefix)
    ]
    assert jobs(CI)["linux"]["strategy"]["matrix"]["python"] == supported


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_with_its_version(workflow: Path) -> None:
    lines = [line for line in workflow.read_text().splitlines() if "uses: " in line]
    remote = [line for line in lines if "uses: ./" not in line]
    assert remote
    assert not [line for line in remote if not USES.search(line)]


def test_an_action_has_one_version_everywhere() -> None:
    text = "\n".join(path.read_text() for path in WORKFLOWS)
    pins = {found.groups() for found in USES.finditer(text)}
    assert len(pins) == len({action for action, *_ in pins})


@pytest.mark.parametrize("workflow", [CI, RELEASE], ids=lambda path: path.stem)
def test_every_job_has_the_rights_that_it_needs(workflow: Path) -> None:
    document = yaml.safe_load(workflow.read_text())
    rights = {name: job["permissions"] for name, job in document["jobs"].items()}
    assert document["permissions"] == {}
    assert rights.pop("publish", {"id-token": "write"}) == {"id-token": "write"}
    assert all(right == {"contents": "read"} for right in rights.values())


@pytest.mark.parametrize("workflow", [CI, RELEASE], ids=lambda path: path.stem)
def test_every_job_ends_in_time_and_runs_once(workflow: Path) -> None:
    own = [job for job in jobs(workflow).values() if "steps" in job]
    assert all(0 < job["timeout-minutes"] <= 60 for job in own)
    assert "github.ref" in yaml.safe_load(workflow.read_text())["concurrency"]["group"]


def test_only_what_was_tested_and_built_is_published() -> None:
    publish = jobs(RELEASE)["publish"]
    assert jobs(RELEASE)["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert publish["needs"] == ["ci", "build"]
    assert publish["environment"] == "pypi"
    assert not [step for step in publish["steps"] if "run" in step]


def test_no_workflow_publishes_with_a_token() -> None:
    text = RELEASE.read_text()
    last = steps(RELEASE, "publish")[-1]
    assert last["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert "with" not in last
    assert "${{ secrets" not in text


@pytest.mark.parametrize(
    ("tag", "code"),
    [(f"v{PROJECT['version']}", 0), (PROJECT["version"], 1), ("v99.0.0", 1)],
)
def test_a_tag_that_is_not_the_version_ends_the_release(tag: str, code: int) -> None:
    env = {**os.environ, "TAG": tag}
    done = subprocess.run(
        ["bash", "-e", "-c", TAG_CHECK], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout
    assert ("::error::" in done.stdout) is bool(code)
