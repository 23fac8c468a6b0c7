"""The files of the agents are read by editors: their heads are YAML with the fields they know."""

import pytest
import yaml

from sweeptree.agents import AGENTS, Agent
from sweeptree.dispatch.agent_files import claude_agent, github_agent, skill_lines
from sweeptree.dispatch.guides import GUIDES

each_agent = pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
# https://code.visualstudio.com/docs/copilot/customization/custom-agents
GITHUB_KEYS = {"name", "description", "tools", "handoffs"}
# https://code.claude.com/docs/en/sub-agents
CLAUDE_KEYS = {"name", "description", "tools", "background", "isolation"}


def head_of(text: str) -> dict[str, object]:
    _, head, _ = text.split("---\n", 2)
    found: dict[str, object] = yaml.safe_load(head)
    return found


@each_agent
def test_vs_code_reads_it(agent: Agent) -> None:
    head = head_of(github_agent(agent))
    assert head.keys() <= GITHUB_KEYS
    assert (head["name"], head["description"]) == (GUIDES[agent.name].title, agent.summary)


@each_agent
def test_claude_code_reads_it(agent: Agent) -> None:
    head = head_of(claude_agent(agent))
    assert head.keys() == CLAUDE_KEYS
    assert (head["name"], head["isolation"]) == (agent.name, "worktree")


@each_agent
def test_it_may_be_as_long_as_editors_read(agent: Agent) -> None:
    assert len(github_agent(agent)) < 30_000


def test_the_skill_names_every_command() -> None:
    assert [line.split("`")[1] for line in skill_lines().splitlines()] == [
        f"sweeptree {agent.verb}" for agent in AGENTS
    ]
