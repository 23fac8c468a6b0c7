"""What is said of server and worker; looking starts nothing."""

from __future__ import annotations

import os
from pathlib import Path

from sweeptree.engine.server.config import Server
from sweeptree.engine.server.facts import Facts, NextRun, look, memory_mb, worker_line
from sweeptree.engine.server.worker import Worker

SINCE = "2026-01-02T03:04:05+00:00"


def test_where_nothing_runs_nothing_is_started(tmp_path: Path) -> None:
    found = look(tmp_path / "home")
    assert found.lines() == ["no Prefect server of ours runs\n  sweeptree server start"]
    assert found.document()["running"] is False
    assert not (tmp_path / "home").exists()


def test_lines_and_document_say_since_when_how_much_and_what_comes_next(tmp_path: Path) -> None:
    me = os.getpid()
    server = Server("http://h/api", "http://h", me, 1, tmp_path, "3.9.1", 1, SINCE)
    worker = Worker("local", "http://h/api", "", SINCE, me)
    facts = Facts(server, True, worker, (NextRun("sweep/nightly", SINCE),))
    runs, works, comes = facts.lines()
    assert "http://h" in runs and f"process {me}, since 2026-01-0" in runs and " MB)" in runs
    assert "pool local" in works and comes.startswith("next: sweep/nightly at 2026-01-0")
    document = facts.document()
    assert (document["api_url"], document["ui_url"]) == ("http://h/api", "http://h")
    assert document["next_runs"] == [{"deployment": "sweep/nightly", "at": SINCE}]


def test_a_dead_worker_is_named_with_the_next_command() -> None:
    said = worker_line(Worker("local", "", "", SINCE, None))
    assert "has died" in said and "sweeptree server start" in said


def test_memory_is_that_of_the_process() -> None:
    mine = memory_mb(os.getpid())
    assert mine is None or 5 < mine < 5000
    assert memory_mb(2**22 + 1) is None
