"""What a server knows to run: the work pool and the deployments of a repository."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from sweeptree.engine.connect import say
from sweeptree.errors import ServerError


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
