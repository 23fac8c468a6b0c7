"""The settings of the server's own process and of those that talk to it."""

from __future__ import annotations

import json
from pathlib import Path

from sweeptree.engine.server.config import (
    Server,
    ServerPaths,
    access,
    environment,
    offline_environment,
    server_environment,
)
from sweeptree.engine.server.token import auth_string, authorization, make_token


def server_of(home: Path) -> Server:
    make_token(home)
    return Server("http://127.0.0.1:9/api", "http://127.0.0.1:9", 1, 9, home, "3", 9)


def test_the_server_gets_neither_the_users_settings_nor_a_secret(tmp_path: Path) -> None:
    make_token(tmp_path)
    inherited = {"PREFECT_API_KEY": "theirs", "GIT_DIR": "x", "LANG": "C"}
    made = server_environment(tmp_path, inherited)
    assert (made["LANG"], made.get("GIT_DIR"), made.get("PREFECT_API_KEY")) == ("C", None, None)
    assert auth_string(tmp_path) not in made.values()


def test_what_is_overdue_is_looked_for_seldom_and_what_is_due_as_often_as_prefect_does(
    tmp_path: Path,
) -> None:
    made = server_environment(tmp_path, {})
    loops = {
        name.removeprefix("PREFECT_SERVER_SERVICES_").removesuffix("_LOOP_SECONDS"): float(value)
        for name, value in made.items()
        if name.endswith("_LOOP_SECONDS")
    }
    assert loops["LATE_RUNS"] <= 15  # a run is late after 15 s
    assert not {"SCHEDULER", "SCHEDULER_RECENT_DEPLOYMENTS", "REPOSSESSOR"} & set(loops)


def test_who_talks_to_it_has_its_address_and_its_key_and_no_other(tmp_path: Path) -> None:
    server = server_of(tmp_path)
    auth = auth_string(tmp_path)
    made = environment(server)
    assert (made["PREFECT_API_URL"], made["PREFECT_API_KEY"]) == (server.api_url, "")
    assert made["PREFECT_API_AUTH_STRING"] == auth
    headers = json.loads(access(server)["PREFECT_CLIENT_CUSTOM_HEADERS"])
    assert headers == {"Authorization": authorization(auth)}


def test_a_server_tells_nothing_secret_of_itself(tmp_path: Path) -> None:
    server = server_of(tmp_path)
    assert auth_string(tmp_path) not in repr(server)


def test_a_silent_server_does_not_answer(tmp_path: Path) -> None:
    assert not Server("http://127.0.0.1:1/api", "", 1, 1, tmp_path, "3", 1).answers(0.5)


def test_without_a_server_none_is_looked_for(tmp_path: Path) -> None:
    assert offline_environment(tmp_path)["PREFECT_API_URL"] == ""
    assert ServerPaths(tmp_path).database.parent == tmp_path
