"""Which worker a home should have, and whether it serves the server that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweeptree.engine.server.token import fingerprint
from sweeptree.engine.server.worker import Worker, stop_worker, wanted_worker, worker_pid

NOTE = {"pool": "local", "api_url": "http://h/api", "key": "k", "since": "now"}


def test_a_home_without_a_worker_wants_none(tmp_path: Path) -> None:
    assert (wanted_worker(tmp_path), worker_pid(tmp_path)) == (None, None)
    assert not stop_worker(tmp_path)


def test_a_worker_that_died_is_still_wanted_until_it_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "worker.json").write_text(json.dumps(NOTE))
    found = wanted_worker(tmp_path)
    assert found == Worker("local", "http://h/api", "k", "now", None)
    stop_worker(tmp_path)
    assert wanted_worker(tmp_path) is None


@pytest.mark.parametrize(
    ("url", "auth", "pid", "serves"),
    [
        ("http://h/api", "a:b", 1, True),
        ("http://h/api", "a:b", None, False),
        ("http://h/api", "a:c", 1, False),
        ("http://i/api", "a:b", 1, False),
    ],
)
def test_a_worker_serves_with_the_address_and_key_of_the_server(
    url: str, auth: str, pid: int | None, serves: bool
) -> None:
    variables = {"PREFECT_API_URL": "http://h/api", "PREFECT_API_AUTH_STRING": "a:b"}
    assert Worker("local", url, fingerprint(auth), "now", pid).serves(variables) is serves
