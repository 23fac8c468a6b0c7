"""What a server knows to run: the work pool and the deployments of a repository."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeptree.engine.connect import say
from sweeptree.engine.definition import Registered
from sweeptree.errors import ServerError

TAG = "sweeptree"
_MOST = 200


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


def registered() -> tuple[Registered, ...]:
    """The deployments of sweeptree that the server has, by their titles."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    with get_client(sync_client=True) as client:
        found = client.read_deployments(deployment_filter=tagged, limit=_MOST)
        flows = {each.flow_id: client.read_flow(each.flow_id).name for each in found}
    made = [
        Registered(str(each.id), flows[each.flow_id], each.name, _folder(each.pull_steps))
        for each in found
    ]
    return tuple(sorted(made, key=lambda each: each.title))


def _folder(steps: Sequence[Mapping[str, Any]] | None) -> Path | None:
    """Where the runs of a deployment start, as its pull steps say."""
    for step in steps or ():
        for name, inputs in step.items():
            if name.endswith("set_working_directory"):
                return Path(str(inputs.get("directory")))
    return None


def remove(deployments: Iterable[Registered]) -> None:
    """Remove deployments, with the runs that their schedules have made."""
    from uuid import UUID

    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for each in deployments:
            client.delete_deployment(UUID(each.id))


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
