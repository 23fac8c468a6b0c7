"""`sweeptree ci-fix` as a user gives it, and its flow from the command line of Prefect's user."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from pathlib import Path

import pytest
from conftest import Cli, ended
from core.repair.kit import broken, is_clean
from helpers import git
from sweep_kit import wait_for

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

PYTEST = f"{shlex.quote(sys.executable)} -m pytest -q"


def test_a_bug_is_repaired_and_the_tree_stays(cli: Cli) -> None:
    broken(cli.folder)
    done = cli.call(
        "sweeptree", "ci-fix", "--test_command", PYTEST,
        "--fixer_cmd", "sed -i 's/ + 1//' program.py", "--json",
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"]) == (0, "fixed")
    assert document["failing"][0]["node_id"] == "test_program.py::test_double"
    git("apply", document["patch_file"], cwd=cli.folder)
    assert "x + x\n" in (cli.folder / "program.py").read_text()


def test_an_agent_that_edits_the_tests_gets_nowhere(cli: Cli) -> None:
    broken(cli.folder)
    done = cli.call(
        "sweeptree", "ci-fix", "--test_command", PYTEST, "--budget", "20s",
        "--fixer_cmd", "sed -i s/==/!=/ test_program.py",
    )  # fmt: skip
    assert "command: refused" in done.stdout and is_clean(cli.folder)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_nothing_behind(
    cli: Cli, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    began = tmp_path / "began"
    slow = f"echo $$ > {began}; sleep 300"
    with cli.running("sweeptree", "ci-fix", "--test_command", slow) as run:
        wait_for(lambda: began.exists() and began.read_text())
        run.send_signal(number)
        assert ended(run)[0] == code
    assert is_clean(cli.folder) and not Path("/proc", began.read_text().strip()).exists()


def test_an_agent_that_is_interrupted_leaves_nothing_behind(cli: Cli, tmp_path: Path) -> None:
    broken(cli.folder)
    began = cli.folder / ".sweeptree" / "wt"
    agent = "touch working; sleep 300"
    with cli.running(
        "sweeptree", "ci-fix", "--test_command", "grep -q 'x + x$' program.py", "--fixer_cmd", agent
    ) as run:
        wait_for(lambda: list(began.glob("*/*/working")))
        run.send_signal(signal.SIGINT)
        assert ended(run)[0] == 130
    assert is_clean(cli.folder)
