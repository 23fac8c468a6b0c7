"""The tools follow from the registry of agents, and the agent files name them."""

from sweeptree.agents import AGENTS
from sweeptree.dispatch.guides import GUIDES
from sweeptree.dispatch.tools import EVERY_TOOL, TOOLS


def test_there_are_at_most_twelve() -> None:
    assert len(EVERY_TOOL) <= 12


def test_every_agent_has_a_tool() -> None:
    served = {agent for tool in TOOLS.values() for agent in tool.agents}
    assert {agent.name for agent in AGENTS} <= served


def test_the_files_of_an_agent_name_the_tools_that_do_its_work() -> None:
    for agent in AGENTS:
        named = set(GUIDES[agent.name].tools)
        own = {tool.name for tool in TOOLS.values() if agent.name in tool.agents}
        assert own <= named <= {tool.name for tool in EVERY_TOOL}, agent.name


def test_each_has_a_function_and_arguments() -> None:
    for tool in TOOLS.values():
        assert callable(tool.call()) and tool.arguments_model().model_fields


def test_what_only_looks_says_so_and_what_lands_says_so() -> None:
    assert {name for name, tool in TOOLS.items() if tool.hints.read_only} == {
        "plan",
        "status",
        "logs",
    }
    assert TOOLS["merge"].hints.destructive and TOOLS["stop"].hints.destructive
