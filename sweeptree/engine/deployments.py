"""What a server knows to run: the work pool and the deployments of a repository."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from sweeptree.engine.connect import say
from sweeptree.errors import Refused, ServerError

_PLACEHOLDER = re.compile(r"{{(\s*[\w.\-\[\]$]+\s*)}}")  # as in prefect.utilities.templating
_PREFECTS_OWN = ("$", "prefect.")


def make_pool(name: str) -> None:
    """Make the work pool of processes that the deployments run in, if it is not there."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))
            say(f"made the work pool {name}")
        except ObjectAlreadyExists:
            return


def default_profiles() -> dict[str, dict[str, object]]:
    """The settings of the profiles that Prefect itself brings, by their names."""
    from prefect.settings.constants import DEFAULT_PROFILES_PATH

    document = tomllib.loads(DEFAULT_PROFILES_PATH.read_text(encoding="utf-8"))
    found: dict[str, dict[str, object]] = document["profiles"]
    return found


def check_braces(definition: Path) -> None:
    """Raise Refused where Prefect would silently take braces out of a deployment's parameters.

    Prefect fills in `{{ $VARIABLE }}` and `{{ prefect... }}`; any other name in double braces, as
    in a template of ours, it replaces by nothing.
    """
    import yaml

    try:
        document = yaml.safe_load(definition.read_text(encoding="utf-8"))
        deployments = [entry for entry in document["deployments"] if isinstance(entry, dict)]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return  # Prefect itself says what is wrong with it
    eaten = [
        f"{{{{{name}}}}} in {text!r} ({entry.get('name')})"
        for entry in deployments
        for text in _texts(entry.get("parameters"))
        for name in _PLACEHOLDER.findall(text)
        if not name.strip().startswith(_PREFECTS_OWN)
    ]
    if eaten:
        raise Refused(
            f"{definition}: Prefect would replace {eaten[0]} by nothing",
            hint=(
                "put the commands into a file and name it: commands_file: commands.json",
                "or write braces that hold more than a name",
            ),
        )


def _texts(value: object) -> Iterator[str]:
    """The texts in parameters, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def run_prefect(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run Prefect's own command line in a folder. Raises ServerError with its last lines."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "prefect", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        last = [line for line in done.stdout.splitlines() if line.strip()][-8:]
        raise ServerError(
            "prefect deploy failed:\n  " + "\n  ".join(last), hint="sweeptree server status"
        )
