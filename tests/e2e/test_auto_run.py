"""`sweeptree auto-run` as a user gives it: its streams, its exit code, how it is stopped and
killed, and how it goes on."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import Cli, ended
from sweep_kit import processes_under, records_of, wait_for

from sweeptree.model import JobState

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

WAITING = "echo ready; while ! test -e {}; do sleep 0.05; done; echo over"


def until_printed(cli: Cli, name: str, word: str) -> None:
    """Wait until the run's command has printed this word."""
    log = cli.paths(name).log(0)
    wait_for(lambda: log.exists() and word in log.read_text())


def test_its_output_and_exit_code_are_those_of_the_command(cli: Cli) -> None:
    done = cli.call("sweeptree", "auto-run", "echo out; echo more >> train.py; exit 7")
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert "train.py  +1 -0" in done.stderr and "Traceback" not in done.stderr
    assert len(list((cli.folder / ".sweeptree/wt").glob("*/job_0"))) == 1


def test_json_is_one_document_and_the_log_goes_to_stderr(cli: Cli) -> None:
    then = ("--then", "python3 train.py --lr 1", "--then", "false", "--then", "echo never")
    done = cli.call("sweeptree", "auto-run", "echo begun", *then, "--name", "steps", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["exit_code"], report["state"]) == (1, 1, "failed")
    assert "trained --lr 1" in done.stderr and "never" not in report["log_tail"]
    assert not (cli.folder / ".sweeptree").exists()


def test_the_log_is_live_and_the_other_commands_know_the_run(cli: Cli, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with cli.running("sweeptree", "auto-run", WAITING.format(go), "--name", "live") as run:
        assert run.stdout is not None and run.stdout.readline() == "ready\n"
        assert "running" in cli.call("sweeptree", "status", "live").stdout
        assert cli.call("sweeptree", "logs", "live").stdout == "ready\n"
        go.touch()
        code, out, _ = ended(run)
    assert (code, out) == (0, "over\n")
    assert cli.call("sweeptree", "logs", "live").stdout == "ready\nover\n"


def test_ctrl_c_asks_the_command_to_end_and_resume_goes_on(cli: Cli, tmp_path: Path) -> None:
    line = WAITING.format(tmp_path / "go")
    with cli.running("sweeptree", "auto-run", line, "--name", "stopped") as run:
        until_printed(cli, "stopped", "ready")
        run.send_signal(signal.SIGINT)
        code, _, err = ended(run)
    assert (code, "sweeptree resume stopped" in err) == (130, True)
    assert not processes_under(cli.folder)
    (tmp_path / "go").touch()
    assert cli.call("sweeptree", "resume", "stopped").returncode == 0


def test_cancel_ends_it(cli: Cli, tmp_path: Path) -> None:
    line = WAITING.format(tmp_path / "go")
    with cli.running("sweeptree", "auto-run", line, "--name", "cancelled") as run:
        until_printed(cli, "cancelled", "ready")
        assert cli.call("sweeptree", "cancel", "cancelled").returncode == 0
        assert ended(run)[0] == 130


def test_after_kill_9_the_command_goes_on_and_resume_takes_it_over(
    cli: Cli, tmp_path: Path
) -> None:
    line = f"echo x >> {tmp_path}/runs; echo y >> train.py; {WAITING.format(tmp_path / 'go')}"
    with cli.running("sweeptree", "auto-run", line, "--name", "killed") as run:
        until_printed(cli, "killed", "ready")
        run.kill()
        run.wait()
    assert processes_under(cli.folder)
    assert "sweeptree resume killed" in cli.call("sweeptree", "status", "killed").stdout
    (tmp_path / "go").touch()
    assert cli.call("sweeptree", "resume", "killed").returncode == 0
    (record,) = records_of(cli.paths("killed")).values()
    assert (record.state, (tmp_path / "runs").read_text()) == (JobState.SUCCEEDED, "x\n")
    assert record.worktree is not None and "y" in Path(record.worktree, "train.py").read_text()


def test_a_reader_who_leaves_costs_nothing(cli: Cli) -> None:
    line = "sweeptree auto-run 'seq 200000; exit 5' | head -n 1; echo ${PIPESTATUS[0]}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=cli.folder, env=cli.env, capture_output=True, text=True
    )
    assert (done.stdout.split(), "Traceback" in done.stderr) == (["1", "5"], False)
