"""The hooks of pre-commit are what `make check` runs, and dependency updates keep to the project's
bounds."""

import os
import subprocess
import tomllib
from typing import Any

import pytest
import yaml
from github_files import GITHUB, ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

DEPENDABOT = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def hooks() -> list[dict[str, Any]]:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    return list(local["hooks"])


def commands_of_the_check() -> list[str]:
    """What `make check` would run, without the making of .venv."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    words = ["make", "--dry-run", "--no-print-directory", "check"]
    done = subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, text=True, check=True)
    install, *commands = done.stdout.splitlines()
    assert install == "requirements/install.sh dev"
    return commands


def test_the_hooks_are_the_commands_of_make_check() -> None:
    assert [hook["entry"] for hook in hooks()] == commands_of_the_check()


def test_a_hook_runs_its_command_as_it_stands() -> None:
    assert {hook["language"] for hook in hooks()} == {"system"}
    assert not any(hook["pass_filenames"] for hook in hooks())


@pytest.mark.parametrize("update", DEPENDABOT, ids=lambda update: update["package-ecosystem"])
def test_updates_come_weekly_in_one_pull_request(update: dict[str, Any]) -> None:
    assert update["schedule"]["interval"] == "weekly"
    assert len(update["groups"]) == 1


def test_updates_look_where_versions_stand() -> None:
    folders = {place for update in DEPENDABOT for place in places(update)}
    locks = {path.parent for path in (ROOT / "tests").glob("*/*.txt")}
    assert {f"/{folder.relative_to(ROOT)}" for folder in locks} <= folders
    assert {u["package-ecosystem"] for u in DEPENDABOT} == {"github-actions", "pip", "npm"}


def places(update: dict[str, Any]) -> list[str]:
    return update.get("directories") or [update["directory"]]


def ignored() -> list[tuple[str, str]]:
    rules = [rule for update in DEPENDABOT for rule in update.get("ignore", ())]
    return [(rule["dependency-name"], version) for rule in rules for version in rule["versions"]]


@pytest.mark.parametrize(("name", "versions"), ignored())
def test_updates_that_are_not_wanted_are_those_that_the_project_forbids(
    name: str, versions: str
) -> None:
    (bounds,) = [
        requirement.specifier
        for requirement in map(Requirement, PROJECT["dependencies"])
        if requirement.name.lower() == name
    ]
    (first,) = SpecifierSet(versions)
    assert f"<{first.version}" in str(bounds)
