"""`sweeptree server start|stop|status`: the managed local Prefect server."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import App, Parameter

from sweeptree.engine import server
from sweeptree.engine.server.worker import stop_worker
from sweeptree.settings import Settings

app = App(name="server", help="Start, stop or look at the local Prefect server.")


@app.command
def start() -> int:
    """Start the server in the background, or say where it already runs."""
    settings = Settings()
    running = server.ensure(settings.home, settings.server_port)
    if running.moved:
        print(f"port {running.wanted_port} is busy, so it listens on {running.port}")  # noqa: T201
    print(f"the Prefect server runs: {running.ui_url}\n  export PREFECT_API_URL={running.api_url}")  # noqa: T201
    return 0


@app.command
def stop() -> int:
    """Stop exactly this server. Sweeps that run go on without it; their records stay complete."""
    home = Settings().home
    if stop_worker(home):
        print("the worker has ended")  # noqa: T201
    ended = server.stop(home)
    print("the Prefect server has ended" if ended else "no Prefect server of ours was running")  # noqa: T201
    return 0


@app.command
def status(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """Say whether the server runs and where. Exit code 1 when it does not.

    Parameters
    ----------
    as_json
        Print one JSON document with api_url and ui_url.
    """
    running = server.status(Settings().home)
    healthy = running is not None and running.answers()
    if as_json:
        facts = {
            "running": running is not None,
            "healthy": healthy,
            "api_url": running.api_url if running else None,
            "ui_url": running.ui_url if running else None,
            "pid": running.pid if running else None,
            "version": running.version if running else None,
        }
        print(json.dumps(facts))  # noqa: T201
    elif running is None:
        print("no Prefect server of ours runs\n  sweeptree server start")  # noqa: T201
    else:
        state = "runs" if healthy else "is starting, or too busy to answer"
        print(f"the Prefect server {state}: {running.ui_url} (process {running.pid})")  # noqa: T201
    return 0 if healthy else 1
