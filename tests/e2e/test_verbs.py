"""A sweep's later life as a user has it: tried, run, extended, reproduced, shared and exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Cli
from helpers import git
from sweep_kit import records_of

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

RUN = ("run", "-n", "lr", "--use_worktree", "--metric", "val_auc:max", "--seeds", "1-2")
COMMANDS = ("--commands", json.dumps(["python3 train.py --lr 1", "python3 train.py --lr 2"]))


def test_a_sweep_is_tried_run_extended_and_reproduced(cli: Cli, tmp_path: Path) -> None:
    smoked = cli.call("sweeptree", *RUN, *COMMANDS, "--smoke", "60s")
    assert (smoked.returncode, "val_auc = 0.9" in smoked.stdout) == (0, True), smoked.stderr
    assert cli.call("sweeptree", *RUN, *COMMANDS).returncode == 0

    extended = cli.call("sweeptree", "extend", "lr", "--seeds", "3", "--json")
    groups = json.loads(extended.stdout)["groups"]
    assert [group["n"] for group in groups] == [3, 3]
    assert sorted(records_of(cli.paths("lr"))) == list(range(6))

    again = cli.call("sweeptree", "reproduce", "lr:4")
    assert (again.returncode, "lr:4: reproduced: the same value" in again.stdout) == (0, True)
    assert records_of(cli.paths("lr-4-again"))[0].seed == records_of(cli.paths("lr"))[4].seed


def test_what_one_shares_another_reads(cli: Cli, tmp_path: Path) -> None:
    git("init", "-q", "--bare", "-b", "main", tmp_path / "hub.git", cwd=cli.folder)
    git("remote", "add", "origin", tmp_path / "hub.git", cwd=cli.folder)
    git("push", "-q", "origin", "main", cwd=cli.folder)
    assert cli.call("sweeptree", *RUN, *COMMANDS).returncode == 0
    assert cli.call("sweeptree", "share", "lr").returncode == 0

    assert cli.call("sweeptree", "fetch").stdout == "origin/lr\n"
    listed = json.loads(cli.call("sweeptree", "status", "--shared", "--json").stdout)
    assert [(sweep["exp_name"], sweep["state"]) for sweep in listed["sweeps"]] == [
        ("origin/lr", "finished")
    ]
    shown = cli.call("sweeptree", "show", "origin/lr", "--csv").stdout
    assert shown == cli.paths("lr").groups_csv.read_text()
    assert cli.call("sweeptree", "resume", "origin/lr").returncode == 2
