"""`sweeptree server status`: looks, and starts nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweeptree.cli.commands import server


def test_where_no_server_runs_the_code_is_1_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "home"))
    assert server.status(as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["running"], document["api_url"], document["worker"]) == (False, None, None)
    assert server.status() == 1
    assert "sweeptree server start" in capsys.readouterr().out
    assert not (tmp_path / "home").exists()
