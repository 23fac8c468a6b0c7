"""Deployments of a repository: names that are its own, and what Prefect would do to a command."""

from pathlib import Path

import pytest
import yaml

import sweeptree
from sweeptree.agents import AGENTS
from sweeptree.engine.definition import (
    SWEEP,
    Registered,
    Tenant,
    commands_of,
    define,
    read_definition,
)
from sweeptree.errors import UsageError

OURS = Path(sweeptree.__file__).parent / "prefect.yaml"
ECG = Path("/home/ada/ecg")
FLOWS = {SWEEP: "sweep", **{agent.entrypoint: agent.name for agent in AGENTS}}
TENANT = Tenant(ECG, "ecg", FLOWS)
NIGHTLY = Registered("1", "sweep", "nightly", Path("/home/ada/other"))
AGENT = Registered("2", "merge-assistant", "ecg", Path("/home/ada/old/ecg"))


def names(*known: Registered, replace: bool = False) -> list[str]:
    found = define(OURS, TENANT, known, replace=replace)
    return [str(each["name"]) for each in found.deployments]


def test_agents_bear_the_name_of_the_repository() -> None:
    assert names()[0] == "nightly"
    assert set(names()[1:]) == {"ecg"}


def test_the_night_of_another_repository_is_not_taken_over() -> None:
    assert names(NIGHTLY)[0] == "nightly-ecg"
    assert names(NIGHTLY, replace=True)[0] == "nightly"
    (renamed,) = define(OURS, TENANT, [NIGHTLY], replace=False).renamed
    assert (renamed.wanted, renamed.owner) == ("sweep/nightly", NIGHTLY.folder)


def test_the_same_repository_keeps_its_names() -> None:
    own = Registered("1", "sweep", "nightly", ECG)
    assert names(own)[0] == "nightly"


def test_a_folder_of_the_same_name_gets_another() -> None:
    renamed = set(names(AGENT)[1:]) - {"ecg"}
    assert len(renamed) == 1 and renamed.pop().startswith("ecg-")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("deployments: 3", "has no list of deployments"),
        ("a: [", "cannot be read"),
        ("deployments: [{parameters: {spec: {template: 'x {{lr}}'}}}]", "would remove it"),
    ],
)
def test_what_cannot_be_deployed_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "prefect.yaml").write_text(text)
    with pytest.raises(UsageError, match=says):
        read_definition(tmp_path / "prefect.yaml")


def test_prefects_own_braces_may_stand(tmp_path: Path) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text("deployments: [{parameters: {a: '{{ $HOME }} {{ prefect.blocks.x }}'}}]")
    assert read_definition(file)["deployments"]


def test_the_document_is_read_back_as_it_was() -> None:
    found = define(OURS, TENANT, [], replace=False)
    assert yaml.safe_load(found.text())["pull"] == yaml.safe_load(OURS.read_text())["pull"]
    assert found.night is not None


def test_the_commands_of_the_night_are_known(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('["a", "b"]')
    by_file = {"parameters": {"spec": {"commands_file": "c.json"}}}
    assert commands_of(by_file, tmp_path) == ("a", "b")
    assert commands_of({"parameters": {"spec": {"commands": ["x"]}}}, tmp_path) == ("x",)
    assert commands_of({"parameters": {"spec": {"commands_file": "none"}}}, tmp_path) == ()
