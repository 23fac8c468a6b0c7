"""The nine agents as files for editors: `.github/agents/*.agent.md` (VS Code, Copilot) and
`.claude/agents/*.md` (Claude Code), both made from the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sweeptree.agents import AGENTS, Agent
from sweeptree.dispatch.guides import GUIDES, Guide

SERVER = "sweeptree"
_RULES = (
    "Show the plan before anything runs; a dry run changes nothing.",
    "Whatever pushes, merges or removes is done only when the person has asked for it.",
    "Never edit tests, their configuration or CI files to make tests pass.",
    "An error of a tool names the next step: do that, or tell the person.",
)


def github_agent(agent: Agent) -> str:
    """The file for VS Code and Copilot."""
    guide = GUIDES[agent.name]
    ours = [f"{SERVER}/{tool}" for tool in guide.tools]
    tools = ", ".join(map(_quoted, [*ours, "read", "search"]))
    head = [
        "---",
        f"name: {guide.title}",
        f"description: {_quoted(agent.summary)}",
        f"tools: [{tools}]",
        *_handoff(guide),
        "---",
    ]
    return "\n".join([*head, *_body(agent, guide)]) + "\n"


def claude_agent(agent: Agent) -> str:
    """The file for Claude Code. It runs in the background, in a worktree of its own."""
    guide = GUIDES[agent.name]
    tools = ", ".join(f"mcp__{SERVER}__{tool}" for tool in guide.tools)
    head = [
        "---",
        f"name: {agent.name}",
        f"description: {_quoted(agent.summary)}",
        f"tools: {tools}, Read, Grep, Glob",
        "background: true",
        "isolation: worktree",
        "---",
    ]
    return "\n".join([*head, *_body(agent, guide)]) + "\n"


def skill_lines() -> str:
    """One line per agent for the skill: its command, and what it does."""
    return "\n".join(f"- `sweeptree {agent.verb}`: {agent.summary}" for agent in AGENTS)


def _handoff(guide: Guide) -> Iterator[str]:
    """The button that hands on to the next agent, where the editor has one."""
    following = guide.next_agent
    if following is None or following not in {agent.name for agent in AGENTS}:
        return
    yield "handoffs:"
    yield f"  - label: {GUIDES[following].title}"
    yield f"    agent: {GUIDES[following].title}"
    yield f"    prompt: {_quoted('Go on with what was left here.')}"
    yield "    send: false"


def _body(agent: Agent, guide: Guide) -> Iterator[str]:
    yield f"# {guide.title}"
    yield ""
    yield agent.summary
    yield ""
    yield f"A person says: {guide.prompt}"
    yield ""
    yield from (f"{number}. {step}" for number, step in enumerate(guide.steps, 1))
    yield ""
    yield from (f"- {rule}" for rule in _RULES)
    yield f"- The same work in a terminal: `sweeptree {agent.verb} --help`."


def _quoted(text: str) -> str:
    """A text as YAML reads it back, whatever it holds."""
    return json.dumps(text, ensure_ascii=False)
