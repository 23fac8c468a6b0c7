"""The deployments of a repository, as its prefect.yaml (or ours) defines them, under names that no
other repository has.

Hides: what Prefect's templating would do to a command, and how two repositories share a server.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sweeptree.errors import UsageError

PLACEHOLDER = "echo nightly placeholder"
SWEEP = "sweeptree.flows.sweep.sweep"
_OURS = "default"
_BRACES = re.compile(r"\{\{(?!\s*(?:\$|prefect\.))")


@dataclass(frozen=True, slots=True)
class Registered:
    """A deployment that a server has; `folder`: where its runs start, where it says that."""

    id: str
    flow: str
    name: str
    folder: Path | None

    @property
    def title(self) -> str:
        """As `prefect deployment run` takes it."""
        return f"{self.flow}/{self.name}"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A deployment that has another name here, because another repository has the one it wants."""

    wanted: str
    name: str
    owner: Path


@dataclass(frozen=True, slots=True)
class Definition:
    """What is deployed: the document for Prefect, and what a person should know of it."""

    source: Path
    document: Mapping[str, Any]
    renamed: tuple[Renamed, ...]

    @property
    def deployments(self) -> Sequence[Mapping[str, Any]]:
        """The deployments in their order."""
        found: Sequence[Mapping[str, Any]] = self.document["deployments"]
        return found

    @property
    def night(self) -> Mapping[str, Any] | None:
        """The first deployment of the sweep that has a schedule."""
        nights = [each for each in self.deployments if each.get("entrypoint") == SWEEP]
        return next((each for each in nights if each.get("schedules")), None)

    def text(self) -> str:
        """The document as Prefect reads it."""
        return yaml.safe_dump(dict(self.document), sort_keys=False, allow_unicode=True)


def read_definition(source: Path) -> dict[str, Any]:
    """The document of a prefect.yaml.

    Raises UsageError for what is none, and for a value whose braces Prefect would take for one of
    its own and remove without a word.
    """
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{source} cannot be read: {error}") from error
    deployments = document.get("deployments") if isinstance(document, dict) else None
    if not isinstance(deployments, list) or not all(isinstance(each, dict) for each in deployments):
        raise UsageError(
            f"{source} has no list of deployments",
            hint="sweeptree init --only nightly   writes one",
        )
    for each in deployments:
        _refuse_braces(source, each)
    return document  # type: ignore[no-any-return]  # a dict: it has deployments


def _refuse_braces(source: Path, deployment: Mapping[str, Any]) -> None:
    for text in _texts(deployment.get("parameters")):
        if _BRACES.search(text):
            raise UsageError(
                f"{source}: Prefect takes {{{{ }}}} for its own and would remove it from {text!r}",
                hint="put the commands into a JSON file, and name it as commands_file",
            )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


@dataclass(frozen=True, slots=True)
class Tenant:
    """The repository that deploys: where it is, its name, and the flows of its entrypoints."""

    top: Path
    name: str
    flows: Mapping[str, str]

    def title(self, deployment: Mapping[str, Any], name: str) -> str:
        """What `prefect deployment run` calls a deployment of this name."""
        entrypoint = str(deployment.get("entrypoint"))
        return f"{self.flows.get(entrypoint, entrypoint)}/{name}"


def define(
    source: Path, tenant: Tenant, known: Sequence[Registered], *, replace: bool
) -> Definition:
    """The deployments of a repository under names that are free for it.

    `known`: what the server has; `replace`: take over names of other repositories on purpose.
    """
    document = read_definition(source)
    others = {each.title: each for each in known if each.folder not in (None, tenant.top)}
    named: list[dict[str, Any]] = []
    renamed: list[Renamed] = []
    for each in document["deployments"]:
        wanted = tenant.name if each.get("name") == _OURS else str(each.get("name"))
        title = tenant.title(each, wanted)
        owner = None if replace else others.get(title)
        name = wanted if owner is None else _free_name(wanted, tenant)
        named.append({**each, "name": name})
        if owner is not None and owner.folder is not None:
            renamed.append(Renamed(title, name, owner.folder))
    return Definition(source, {**document, "deployments": named}, tuple(renamed))


def _free_name(wanted: str, tenant: Tenant) -> str:
    """`nightly-ecg`; of the repository's own name, one with a digest of its path."""
    if wanted != tenant.name:
        return f"{wanted}-{tenant.name}"
    return f"{tenant.name}-{hashlib.sha256(str(tenant.top).encode()).hexdigest()[:4]}"


def commands_of(deployment: Mapping[str, Any], top: Path) -> tuple[str, ...]:
    """The commands of a nightly deployment, as far as its spec names them."""
    spec = (deployment.get("parameters") or {}).get("spec") or {}
    file = spec.get("commands_file")
    if file is None:
        return tuple(map(str, spec.get("commands") or [spec.get("template", "")]))
    try:
        commands = json.loads((top / str(file)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(map(str, commands)) if isinstance(commands, list) else ()
