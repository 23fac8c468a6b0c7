"""Every agent of the registry has a guide, and every guide's successor is an agent."""

from sweeptree.agents import AGENTS
from sweeptree.dispatch.guides import GUIDES


def test_every_agent_has_a_guide() -> None:
    assert {agent.name for agent in AGENTS} <= GUIDES.keys()


def test_who_goes_on_is_an_agent() -> None:
    assert {guide.next_agent for guide in GUIDES.values()} - {None} <= GUIDES.keys()


def test_the_titles_are_those_of_the_seed_document() -> None:
    assert len({guide.title for guide in GUIDES.values()}) == len(GUIDES) == 9
