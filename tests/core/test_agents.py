"""The registry of agents, and that everything which lists agents says the same."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeptree.agents import AGENTS, Agent, agent_named
from sweeptree.cli.app import REGISTRY
from sweeptree.model.report import Report

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
BY_ENTRYPOINT = {each["entrypoint"]: each for each in DEPLOYMENTS}

each_agent = pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)


def load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


@each_agent
def test_an_agent_is_a_flow_from_its_spec_to_its_report(agent: Agent) -> None:
    flow = load(agent.flow)
    signature = inspect.signature(flow.fn)
    spec = next(iter(signature.parameters.values()))
    assert flow.name == agent.name
    assert (spec.name, spec.annotation) == ("spec", load(agent.spec))
    assert signature.return_annotation is load(agent.report)
    assert issubclass(load(agent.report), Report)


@each_agent
def test_every_field_of_its_form_says_what_it_is(agent: Agent) -> None:
    fields = load(agent.spec).model_fields
    assert not [name for name, field in fields.items() if not field.description]


@each_agent
def test_its_deployment_says_what_the_registry_says(agent: Agent) -> None:
    assert BY_ENTRYPOINT[agent.entrypoint]["description"] == agent.summary


def test_there_is_a_deployment_for_each_agent_and_the_nightly_sweep() -> None:
    entrypoints = [each["entrypoint"] for each in DEPLOYMENTS]
    flows = ["sweeptree.flows.sweep.sweep", *(agent.entrypoint for agent in AGENTS)]
    assert sorted(entrypoints) == sorted(flows)


@each_agent
def test_its_verb_is_a_command_with_the_same_line(agent: Agent) -> None:
    (command,) = [entry for entry in REGISTRY if entry.name == agent.verb]
    assert (command.group, command.help) == ("Agents", agent.summary)


@each_agent
def test_the_docs_name_it(agent: Agent) -> None:
    assert f"`{agent.name}`" in (ROOT / "docs" / "deployments.md").read_text()


def test_a_file_in_agents_is_an_agent() -> None:
    files = {path.stem for path in (ROOT / "agents").glob("*.py")} - {"__init__"}
    assert files == {agent.flow.partition(":")[0].rpartition(".")[2] for agent in AGENTS}


def test_an_agent_is_found_by_its_name() -> None:
    assert agent_named("data-curator").verb == "curate"
