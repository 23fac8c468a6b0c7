"""What people see in the Prefect UI, in a real headless Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import UUID

import pytest
from core.browser_kit import CHROMIUM, Browser
from prefect.utilities.callables import parameter_schema
from server_kit import client_of
from sweep_kit import Seen, make_repository, seal, see, wait_for

from sweeptree.engine.server import Server
from sweeptree.engine.server.browser import one_time_address
from sweeptree.flows.sweep import sweep
from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
SCREEN = {"width": 1400, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
# Of this worker alone: the fixtures are made in each of them, and they share one server.
NAME = f"shown_in_the_ui_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture(scope="module")
def seen(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A sweep of two jobs."""
    folder = tmp_path_factory.mktemp("ui")
    with pytest.MonkeyPatch.context() as patch:
        seal(patch, folder)
        repo = make_repository(folder / "repo")
        commands = ("echo trained --lr 1", "echo trained --lr 2")
        sweep(
            SweepSpec(exp_name=NAME, repo=repo, commands=commands, use_worktree=True),
            return_state=True,
        )
        paths = SweepPaths(repo / "results" / NAME)
        yield see(server.api_url, paths, tasks=["run-command 0", "run-command 1"])


@pytest.fixture(scope="module")
def browser(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        found.call("Emulation.setDeviceMetricsOverride", **SCREEN)
        found.open(one_time_address(server))
        wait_for(lambda: "hide-subflows=true" in str(found.evaluate("location.href")))
        yield found


def shows(browser: Browser, server: Server, path: str, *texts: str) -> bool:
    """Whether the page at this path comes to show all these texts."""
    browser.open(f"{server.ui_url}{path}")
    wait_for(lambda: all(text in browser.evaluate("document.body.innerText") for text in texts))
    return True


def test_a_sweep_is_one_line_in_the_list(browser: Browser, server: Server, seen: Seen) -> None:
    assert seen.run.name == NAME
    path = f"/runs?hide-subflows=true&flow-run-search={NAME}"
    assert shows(browser, server, path, "1 run\n", NAME, "sweeptree")


def test_a_jobs_page_has_its_command_and_its_log(
    browser: Browser, server: Server, seen: Seen
) -> None:
    run = seen.tasks["run-command 1"]
    wanted = ("job 1 lr=2: run", "$ echo trained --lr 2", f"sweeptree logs {NAME}:1")
    assert shows(browser, server, f"/runs/task-run/{run.id}", *wanted)


def test_the_form_of_the_sweep_explains_its_fields(browser: Browser, server: Server) -> None:
    schema = parameter_schema(sweep.fn).model_dump_for_openapi()
    with client_of(server) as client:
        flow = client.create_flow(sweep)
        made = client.create_deployment(flow, "form", parameter_openapi_schema=schema)
    fields = SweepSpec.model_fields
    wanted = (fields["exp_name"].description, fields["commands"].description)
    assert shows(browser, server, form_of(made), *map(str, wanted))


def form_of(deployment: UUID) -> str:
    return f"/deployments/deployment/{deployment}/run"
