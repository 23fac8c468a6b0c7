"""sweeptree.toml: options that a repository's commands take from there; the command line wins.

    [sweep]             the fields of a spec file: what `run` and `orchestrate` start from
    [agents.merge]      options of an agent's command, here `sweeptree merge`
    [commands.show]     options of any other command
    [notify]            who is told when a sweep has ended: docs/notifications.md
    [hosts.gpu2]        where data stands on a host, and what makes it ready: docs/hosts.md

Hides: where the file is looked for, and how its values reach the command line.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeptree.agents import AGENTS
from sweeptree.errors import UsageError
from sweeptree.hosts.options import check_section
from sweeptree.system.toml_files import nearest, read_toml

if TYPE_CHECKING:
    from cyclopts import App

NAME = "sweeptree.toml"
_SECTIONS = ("sweep", "agents", "commands", "notify", "hosts")
_OF_SWEEPS = ("run", "orchestrate")


@dataclass(frozen=True, slots=True)
class OptionsFile:
    """What the file of a repository says. `path` None: there is none."""

    path: Path | None = None
    sweep: Mapping[str, Any] = field(default_factory=dict)
    agents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    commands: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notify: Mapping[str, Any] = field(default_factory=dict)

    def apply_to(self, app: App, verbs: Collection[str]) -> None:
        """Let the commands of this application take their options from the file.

        Raises UsageError for a section of a command that there is not.
        """
        if self.path is None:
            return
        known = {agent.verb for agent in AGENTS} - set(_OF_SWEEPS)
        _refuse_unknown(self.path, self.agents, known, "agents.")
        others = set(verbs) - known - set(_OF_SWEEPS)
        _refuse_unknown(self.path, self.commands, others, "commands.")
        from cyclopts.config import Dict

        data = {**self.commands, **self.agents}
        app.config = (Dict(data=data, source=str(self.path)),)


def find_options_file(start: Path) -> OptionsFile:
    """The file in `start` or above it, up to the top of the repository.

    Raises UsageError for a file that cannot be read, or a section of another name.
    """
    path = nearest(NAME, start)
    if path is None:
        return OptionsFile()
    document = read_toml(path)
    _refuse_unknown(path, document, _SECTIONS)
    sweep = _table(path, "sweep", document.get("sweep", {}))
    agents, commands = _tables(path, "agents", document), _tables(path, "commands", document)
    notify = _table(path, "notify", document.get("notify", {}))
    for name, section in _tables(path, "hosts", document).items():
        check_section(path, name, section)
    return OptionsFile(path, sweep, agents, commands, notify)


def _tables(path: Path, name: str, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    outer = _table(path, name, document.get(name, {}))
    return {inner: _table(path, f"{name}.{inner}", value) for inner, value in outer.items()}


def _table(path: Path, name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {name} is a section: write [{name}]")
    return value


def _refuse_unknown(
    path: Path, found: Collection[str], known: Collection[str], prefix: str = ""
) -> None:
    for name in found:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean [{prefix}{near[0]}]?" if near else _all(known, prefix)
        raise UsageError(f"{path}: there is no section [{prefix}{name}]", hint=hint)


def _all(known: Collection[str], prefix: str) -> str:
    return "there are " + ", ".join(f"[{prefix}{name}]" for name in sorted(known))
