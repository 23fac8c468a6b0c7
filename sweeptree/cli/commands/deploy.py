"""`sweeptree deploy`: server, work pool, deployments, worker and Prefect profile in one step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import sweeptree
from sweeptree import repository
from sweeptree.engine.connect import Engine, connected
from sweeptree.engine.deployments import check_braces, default_profiles, make_pool, run_prefect
from sweeptree.engine.server import profile
from sweeptree.engine.server.worker import ensure_worker
from sweeptree.settings import Settings

POOL = "local"
RUN = "deployment run sweep/nightly --watch"


def deploy(*, worker: Annotated[bool, Parameter(negative="--no_worker")] = True) -> int:
    """Register the deployments of this repository and start a worker for them.

    They come from prefect.yaml at the top of the repository, or from the one that is part of
    sweeptree. Prefect's own commands find the private server by the Prefect profile `sweeptree`.

    Parameters
    ----------
    worker
        Start a worker in the background if none runs yet.
    """
    settings = Settings()
    top = repository.find_repository(Path.cwd()).start
    profiles = profile.read_profiles(profile.profiles_path())  # before Prefect's home becomes ours
    definition = _definition(top)
    check_braces(definition)
    with connected(settings, quiet=False) as engine:
        environment = {**os.environ, "PREFECT_API_URL": engine.api_url, "PWD": str(top)}
        make_pool(POOL)
        run_prefect(
            ["--no-prompt", "deploy", "--all", "--prefect-file", str(definition)], top, environment
        )
        pid = ensure_worker(settings.home, POOL, environment) if worker else None
        next_command = _write_profile(engine, profiles)
    _print_end(definition, engine, pid, next_command)
    return 0


def _definition(top: Path) -> Path:
    own = top / "prefect.yaml"
    return own if own.is_file() else Path(sweeptree.__file__).with_name("prefect.yaml")


def _write_profile(engine: Engine, profiles: profile.Profiles) -> str:
    """Let Prefect's own commands find our server; the command that runs a deployment then."""
    if engine.managed is None:
        return f"prefect {RUN}"
    if profiles.active != profile.NAME and profiles.has_own(default_profiles()):
        profile.write_profile(profiles, engine.managed, activate=False)
        return f"prefect --profile {profile.NAME} {RUN}"
    profile.write_profile(profiles, engine.managed, activate=True)
    return f"prefect {RUN}"


def _print_end(definition: Path, engine: Engine, pid: int | None, next_command: str) -> None:
    lines = [f"deployments of {definition}: {engine.ui_url}/deployments"]
    if pid:
        lines.append(f"a worker runs them (process {pid}); `sweeptree server stop` ends both")
    else:
        lines.append(f"to run them: prefect worker start --pool {POOL}")
    lines.append(f"Next:  {next_command}")
    if engine.managed is not None:
        lines.append("       sweeptree server open")
    print("\n".join(lines))  # noqa: T201
