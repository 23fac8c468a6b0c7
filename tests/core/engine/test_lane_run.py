"""The engine of a lane sends no heartbeats."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from prefect.settings import get_current_settings

from sweeptree.engine import lane_run


def test_the_engine_runs_without_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, object]] = []

    def run_module(name: str, **_: Any) -> None:
        seen.append((name, get_current_settings().flows.heartbeat_frequency))

    monkeypatch.setattr(runpy, "run_module", run_module)
    lane_run.main()
    assert seen == [("prefect.engine", None)]
