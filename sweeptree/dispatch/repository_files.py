"""Every file that a repository gets, by the part of the work that it serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sweeptree.agents import AGENTS, Agent
from sweeptree.dispatch.agent_files import SERVER, claude_agent, github_agent, skill_lines
from sweeptree.dispatch.values import Keeping, Part, WantedFile

_PACKAGE = Path(__file__).resolve().parents[1]
_TEMPLATES = _PACKAGE / "templates"
_SHIMS = "scripts/agents"
_SCRIPTS = (
    "orchestrator.py",
    "apply_worktree_to_pr.sh",
    "auto_fix_and_pr.sh",
    "auto_review_agent.sh",
)


def wanted_files(repository: str) -> tuple[WantedFile, ...]:
    """All files for a repository of this name, in the order in which they are shown."""
    return (*_options(), *_chat(), *_nightly(repository), *_shims())


def _options() -> Iterator[WantedFile]:
    yield _yours("sweeptree.toml", _template("sweeptree.toml"), Part.OPTIONS)
    yield _yours(".worktreeinclude", _template("worktreeinclude"), Part.OPTIONS)


def _chat() -> Iterator[WantedFile]:
    for agent in AGENTS:
        yield _ours(f".github/agents/{agent.name}.agent.md", github_agent(agent), Part.CHAT)
    for agent in AGENTS:
        yield _ours(f".claude/agents/{agent.name}.md", claude_agent(agent), Part.CHAT)
    skill = _template("skill/SKILL.md").replace("@AGENTS@", skill_lines())
    for folder in (".agents", ".claude"):
        yield _ours(f"{folder}/skills/sweeptree/SKILL.md", skill, Part.CHAT)
    yield WantedFile(".mcp.json", _mcp(), Part.CHAT, Keeping.ENTRY)
    section = _template("agents_section.md")
    yield WantedFile("AGENTS.md", section, Part.CHAT, Keeping.SECTION)


def _mcp() -> str:
    server = {"command": "sweeptree", "args": ["mcp"]}
    return json.dumps({"mcpServers": {SERVER: server}}, indent=2) + "\n"


def _nightly(repository: str) -> Iterator[WantedFile]:
    commands = "commands.nightly.json"
    yield _yours(f"{_SHIMS}/{commands}", _template(commands), Part.NIGHTLY)
    yield _yours("prefect.yaml", prefect_yaml(repository), Part.NIGHTLY)
    workflow = "nightly-orchestrator.yml"
    yield _yours(f".github/workflows/{workflow}", _template(workflow), Part.NIGHTLY)


def prefect_yaml(repository: str) -> str:
    """The deployments of a repository: its night, and each agent under the repository's name."""
    text = _template("prefect.yaml")
    words = {
        "@REPOSITORY@": repository,
        "@NIGHTLY@": "nightly",
        "@PREFECT@": version("prefect"),
        "@AGENTS@": "\n".join(_deployment(agent, repository) for agent in AGENTS),
    }
    for word, value in words.items():
        text = text.replace(word, value)
    return text.rstrip("\n") + "\n"


def _deployment(agent: Agent, repository: str) -> str:
    lines = [
        "",
        f'  - name: "{repository}"',
        '    version: "1"',
        "    tags: [sweeptree]",
        f"    description: {json.dumps(agent.summary, ensure_ascii=False)}",
        f"    entrypoint: {agent.entrypoint}",
        "    work_pool: *local",
        *_parameters(agent),
        "    schedules: []",
    ]
    return "\n".join(lines)


def _parameters(agent: Agent) -> list[str]:
    """A spec without fields, where a run needs none; as our own deployments have it."""
    ours = {each["entrypoint"]: each for each in _own_deployments()}
    if "parameters" not in ours[agent.entrypoint]:
        return []
    return ["    parameters:", "      spec: {}"]


def _own_deployments() -> list[dict[str, Any]]:
    import yaml

    document = yaml.safe_load((_PACKAGE / "prefect.yaml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["deployments"]
    return found


def _shims() -> Iterator[WantedFile]:
    for name in _SCRIPTS:
        yield _ours(f"{_SHIMS}/{name}", _template(f"shims/{name}"), Part.SHIMS, is_script=True)
    helper = "find_sweeptree.sh"
    yield _ours(f"{_SHIMS}/{helper}", _template(f"shims/{helper}"), Part.SHIMS)


def _yours(path: str, text: str, part: Part) -> WantedFile:
    return WantedFile(path, text, part, Keeping.YOURS)


def _ours(path: str, text: str, part: Part, *, is_script: bool = False) -> WantedFile:
    return WantedFile(path, text, part, Keeping.OURS, is_script)


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
