"""`sweeptree demo`: the main job for real, in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Cli, environment_of

from sweeptree.engine.server import Server

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

NOWHERE = {
    "https_proxy": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1",
}


def test_the_demo_trains_three_configs_with_two_seeds_on_data_it_names(
    server: Server, git_env: Path, tmp_path: Path
) -> None:
    cli = Cli(tmp_path, environment_of(server.home, tmp_path) | NOWHERE)
    first = cli.call("sweeptree", "demo", "--folder", "one", "--records", "120", "--json")
    document = json.loads(first.stdout)
    assert (first.returncode, document["summary"]["states"]) == (0, {"succeeded": 6})
    assert [group["n"] for group in document["groups"]] == [2, 2, 2]
    assert len(document["leaderboard"]) == 3
    assert (
        "is first: val_auc" in (tmp_path / "one" / "results" / "demo" / "report.html").read_text()
    )
    assert "120 generated records of PTB-XL's shape" in first.stderr
    records = tmp_path / "one" / "data" / "ptb-xl"
    second = cli.call("sweeptree", "demo", "--folder", "two", SWEEPTREE_PTBXL=str(records))
    assert (
        second.returncode,
        f"the folder {records} that $SWEEPTREE_PTBXL names" in second.stderr,
    ) == (0, True)
    for name in (
        "linear_lr_3e-4",
        "linear_lr_3e-3",
        "linear_lr_3e-2",
        str(tmp_path / "two" / "results" / "demo"),
        "report.html",
    ):
        assert name in second.stdout
