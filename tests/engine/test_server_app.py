"""What the managed server serves: Prefect's API and UI, with quick answers where SQLite or a limit
says no."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from server_kit import get, key_of, post
from sweep_kit import wait_for

from sweeptree.engine.server import Server, environment, set_limit
from sweeptree.engine.server.config import server_environment

pytestmark = pytest.mark.engine

INCREMENT = "/v2/concurrency_limits/increment-with-lease"


def take(server: Server, name: str) -> httpx.Response:
    body = {"names": [f"tag:{name}"], "slots": 1, "mode": "concurrency", "lease_duration": 60}
    return post(server, INCREMENT, body)


def limits(server: Server, name: str) -> list[int]:
    found = post(server, "/v2/concurrency_limits/filter", {}).json()
    return [limit["limit"] for limit in found if limit["name"] == f"tag:{name}"]


def test_a_full_limit_answers_423_with_a_short_wait(server: Server) -> None:
    set_limit(server.api_url, "gpu:full", 1)
    assert take(server, "gpu:full").status_code == 200
    refused = take(server, "gpu:full")
    assert (refused.status_code, refused.headers["retry-after"]) == (423, "0.05")


def test_a_limit_is_set_once_and_can_be_changed(server: Server) -> None:
    for slots in (2, 2, 5):
        set_limit(server.api_url, "gpu:set", slots)
    assert limits(server, "gpu:set") == [5]


def test_the_ui_and_its_scripts_are_served(server: Server) -> None:
    with httpx.Client(base_url=server.ui_url, headers=key_of(server)) as client:
        page = client.get("/", headers={"accept": "text/html"}, follow_redirects=True)
        script = page.text.partition('src="')[2].partition('"')[0]
        assert page.status_code == 200
        assert client.get(script).headers["content-type"].startswith("text/javascript")


def test_it_reports_nothing_and_advertises_nothing(server: Server) -> None:
    settings = get(server, "/admin/settings").json()["server"]
    assert settings["analytics_enabled"] is False
    assert settings["ui"]["show_promotional_content"] is False


def test_the_database_stands_in_the_servers_home(server: Server) -> None:
    assert (server.home / "prefect.db").is_file()
    assert (server.home / "ui").is_dir()


def test_a_request_under_another_hosts_name_is_refused(server: Server) -> None:
    assert (
        httpx.get(f"{server.api_url}/health", headers={"host": "evil.example"}).status_code == 400
    )


def test_a_page_of_another_origin_may_not_call_the_api(server: Server) -> None:
    answer = httpx.get(f"{server.api_url}/health", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_process_with_the_servers_environment_talks_to_it(server: Server) -> None:
    code = (
        "from prefect.settings import get_current_settings as settings; "
        "api = settings().api; print(api.url, bool(api.key))"
    )
    env = {"PREFECT_API_KEY": "secret", "HOME": str(server.home), **environment(server)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [server.api_url, "False"]


RESTING = """
from datetime import timedelta
from docket import Docket
from prefect.server.api import background_workers
from sweeptree.engine.server.app import prefect_app
prefect_app()
worker = background_workers.Worker(Docket(url="memory://"))
print(worker.minimum_check_interval, worker.scheduling_resolution)
"""


def test_its_background_tasks_look_for_work_each_second(server: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESTING],
        cwd=tmp_path,
        env=server_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["0:00:01", "0:00:01"]


@pytest.mark.slow
def test_a_run_that_nobody_starts_becomes_late(server: Server) -> None:
    flow = post(server, "/flows/", {"name": "nobody starts it"}).json()["id"]
    due = {"scheduled_time": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}
    state = {"type": "SCHEDULED", "state_details": due}
    run = post(server, "/flow_runs/", {"flow_id": flow, "state": state}).json()["id"]
    wait_for(lambda: get(server, f"/flow_runs/{run}").json()["state_name"] == "Late")
