"""The files of a repository are what the seed document and the registry say."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from sweeptree.agents import AGENTS
from sweeptree.dispatch.repository_files import prefect_yaml, wanted_files

SCRIPTS = ("apply_worktree_to_pr.sh", "auto_fix_and_pr.sh", "auto_review_agent.sh")


def text_of(path: str) -> str:
    (file,) = [file for file in wanted_files("ecg") if file.path == path]
    return file.text


def test_every_agent_has_two_files_and_a_deployment() -> None:
    paths = [file.path for file in wanted_files("ecg")]
    for agent in AGENTS:
        assert f".github/agents/{agent.name}.agent.md" in paths
        assert f".claude/agents/{agent.name}.md" in paths
    deployments = yaml.safe_load(prefect_yaml("ecg"))["deployments"]
    names = [(each["entrypoint"], each["name"]) for each in deployments[1:]]
    assert names == [(agent.entrypoint, "ecg") for agent in AGENTS]


@pytest.mark.parametrize("name", ["ecg", "123", "my.repo"])
def test_deployments_bear_the_name_of_the_repository(name: str) -> None:
    document = yaml.safe_load(prefect_yaml(name))
    assert document["name"] == name
    assert document["deployments"][0]["name"] == "nightly"
    assert document["deployments"][0]["concurrency_limit"]["collision_strategy"] == "ENQUEUE"


def test_the_night_runs_a_harmless_placeholder() -> None:
    (command,) = json.loads(text_of("scripts/agents/commands.nightly.json"))
    assert command.startswith("echo ")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_shell_that_any_sh_reads(tmp_path: Path, name: str) -> None:
    script = tmp_path / name
    script.write_text(text_of(f"scripts/agents/{name}"))
    assert subprocess.run(["sh", "-n", script], capture_output=True).returncode == 0


def test_the_options_are_toml_that_means_nothing_until_it_is_changed() -> None:
    import tomllib

    assert tomllib.loads(text_of("sweeptree.toml")) == {"sweep": {}}


def test_the_skill_is_read_by_its_head() -> None:
    head = yaml.safe_load(text_of(".claude/skills/sweeptree/SKILL.md").split("---\n")[1])
    assert head["name"] == "sweeptree"
    assert len(head["description"]) <= 1024
