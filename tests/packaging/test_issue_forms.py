"""The issue forms ask for what a maintainer needs; the commands that they name work."""

from typing import Any

import yaml
from github_files import GITHUB


def required(form: str) -> dict[str, dict[str, Any]]:
    """The fields of a form that cannot be left empty, by their ids."""
    body = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / form).read_text())["body"]
    needed = [field for field in body if field.get("validations", {}).get("required")]
    return {field["id"]: field["attributes"] for field in needed}


def test_a_bug_cannot_be_told_without_the_doctor_and_what_was_run() -> None:
    fields = required("bug.yml")
    assert fields["doctor"]["label"] == "sweeptree doctor --json"
    assert {"run", "happened", "version"} <= set(fields)


def test_a_wish_begins_with_its_need() -> None:
    assert next(iter(required("feature.yml"))) == "need"


def test_no_issue_goes_round_the_forms() -> None:
    config = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "config.yml").read_text())
    assert config["blank_issues_enabled"] is False
