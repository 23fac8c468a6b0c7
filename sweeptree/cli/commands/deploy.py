"""`sweeptree deploy`: server, work pool, deployments and worker in one step, from any repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import sweeptree
from sweeptree import repository
from sweeptree.engine.connect import connected
from sweeptree.engine.deployments import make_pool, run_prefect
from sweeptree.engine.server.worker import ensure_worker
from sweeptree.settings import Settings

POOL = "local"


def deploy(*, worker: Annotated[bool, Parameter(negative="--no_worker")] = True) -> int:
    """Register the deployments of this repository and start a worker for them.

    They come from prefect.yaml at the top of the repository, or from the one that is part of
    sweeptree.

    Parameters
    ----------
    worker
        Start a worker in the background if none runs yet.
    """
    settings = Settings()
    top = repository.find_repository(Path.cwd()).start
    with connected(settings, quiet=False) as engine:
        environment = {**os.environ, "PREFECT_API_URL": engine.api_url, "PWD": str(top)}
        own = top / "prefect.yaml"
        definition = own if own.is_file() else Path(sweeptree.__file__).with_name("prefect.yaml")
        make_pool(POOL)
        run_prefect(
            ["--no-prompt", "deploy", "--all", "--prefect-file", str(definition)], top, environment
        )
        pid = ensure_worker(settings.home, POOL, environment) if worker else None
    print(f"deployments of {definition}: {engine.ui_url}/deployments")  # noqa: T201
    if pid:
        print(
            f"a worker runs them (process {pid}); `sweeptree server stop` ends it with the server"
        )
    else:
        print(f"to run them: prefect worker start --pool {POOL}")  # noqa: T201
    print(  # noqa: T201
        f"Next:  export PREFECT_API_URL={engine.api_url}\n       prefect deployment run sweep/nightly --watch"
    )
    return 0
