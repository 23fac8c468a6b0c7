"""`sweeptree run` in a terminal: how it ends, how it is stopped, how it goes on, what others see
meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from conftest import Cli, ended
from sweep_kit import processes_under, records_of, see, see_run, states_of, task_states, wait_for

from sweeptree.engine.server import Server
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, read_json

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

PATIENT = "trap 'echo saved; exit 0' TERM; echo ready; sleep 300 & wait"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 300; done"


def commands(*lines: str) -> tuple[str, str]:
    return "--commands", json.dumps(lines)


def until_ready(paths: SweepPaths, *jobs: int) -> None:
    """Wait until these jobs have said that they are ready."""
    logs = [paths.log(job) for job in jobs]
    wait_for(lambda: all(log.exists() and "ready" in log.read_text() for log in logs))


def test_a_sweep_that_goes_well_ends_with_0_and_one_json_document(cli: Cli) -> None:
    template = (
        "--template",
        "python3 train.py --lr {lr} --seed {seed}",
        "--grid",
        "lr=0.1,0.2",
        "--seeds",
        "1,2",
    )
    done = cli.run("fine", *template, "--metric", "val_auc:max", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["n_jobs"], document["summary"]["states"]) == (
        0,
        4,
        {"succeeded": 4},
    )
    assert [group["metrics"]["val_auc"]["mean"] for group in document["groups"]] == [0.9, 0.9]
    assert "Traceback" not in done.stderr
    assert document == json.loads(cli.paths("fine").aggregated_json.read_text())


def test_after_a_failure_on_fail_stop_starts_nothing_and_resume_runs_what_is_missing(
    cli: Cli, tmp_path: Path
) -> None:
    given = (
        *commands(f"test -e {tmp_path}/repaired", "true", "true"),
        "--parallel",
        "1",
        "--on_fail",
        "stop",
    )
    stopped = cli.run("half", *given)
    assert (stopped.returncode, "exit code 1" in stopped.stdout, "Traceback" in stopped.stderr) == (
        1,
        True,
        False,
    )
    assert states_of(cli.paths("half")) == [JobState.FAILED]
    assert not cli.paths("half").log(1).exists()
    (tmp_path / "repaired").touch()
    assert cli.run("half", *given, "--resume").returncode == 1
    assert cli.call("sweeptree", "resume", "half", "--failed").returncode == 0
    assert [len(record.attempts) for record in records_of(cli.paths("half")).values()] == [2, 1, 1]


def test_one_interrupt_lets_the_jobs_save_and_ends_with_130(cli: Cli) -> None:
    with cli.running(
        "sweeptree",
        "run",
        "-n",
        "halt",
        "--use_worktree",
        "--parallel",
        "2",
        *commands(*[PATIENT] * 3),
    ) as run:
        until_ready(cli.paths("halt"), 0, 1)
        run.send_signal(signal.SIGINT)
        code, out, err = ended(run)
    assert (code, processes_under(cli.folder)) == (130, [])
    assert states_of(cli.paths("halt")) == [JobState.CANCELLED] * 2
    assert cli.paths("halt").log(0).read_text() == "ready\nsaved\n"
    assert ("sweeptree resume halt" in out, "Traceback" in err) == (True, False)


def test_a_second_interrupt_kills_jobs_that_do_not_listen(cli: Cli) -> None:
    spec = cli.folder.parent / "spec.yaml"
    spec.write_text("grace: 600\nuse_worktree: true\nparallel: 2\n")
    with cli.running(
        "sweeptree", "run", "-n", "deaf", "--spec", spec, *commands(STUBBORN, STUBBORN)
    ) as run:
        until_ready(cli.paths("deaf"), 0, 1)
        run.send_signal(signal.SIGINT)
        wait_for(cli.paths("deaf").cancel.exists)
        run.send_signal(signal.SIGINT)
        code, _, _ = ended(run)
    assert (code, processes_under(cli.folder)) == (130, [])
    assert states_of(cli.paths("deaf")) == [JobState.CANCELLED] * 2


def test_the_time_limit_of_a_sweep_gives_5(cli: Cli) -> None:
    done = cli.run(
        "long", *commands("sleep 300", "sleep 300"), "--parallel", "1", "--time_limit", "1s"
    )
    assert (done.returncode, states_of(cli.paths("long"))) == (5, [JobState.CANCELLED])
    assert processes_under(cli.folder) == []


@pytest.fixture
def watched(cli: Cli) -> subprocess.Popen[str]:
    """A sweep of which job 0 is over and job 1 runs."""
    argv = ("-n", "live", "--use_worktree", "--parallel", "1", "--metric", "val_auc:max")
    with cli.running(
        "sweeptree", "run", *argv, *commands("python3 train.py", PATIENT, "true")
    ) as run:
        until_ready(cli.paths("live"), 1)
        yield run


def test_another_process_sees_and_stops_a_running_sweep(
    cli: Cli, watched: subprocess.Popen[str]
) -> None:
    status = json.loads(cli.call("sweeptree", "status", "live", "--json").stdout)
    assert [job["state"] for job in status["jobs"]] == ["succeeded", "running", "waiting"]
    assert cli.call("sweeptree", "logs", "live:1").stdout == "ready\n"
    assert "0.9" in cli.call("sweeptree", "show", "live").stdout
    stop = cli.call("sweeptree", "cancel", "live")
    assert (stop.returncode, "1 not started" in stop.stdout) == (0, True)
    assert ended(watched)[0] == 130
    assert states_of(cli.paths("live")) == [JobState.SUCCEEDED, JobState.CANCELLED]


def test_the_flow_run_of_a_killed_sweep_is_crashed_once_the_sweep_goes_on(
    cli: Cli, server: Server, tmp_path: Path
) -> None:
    until_told = f"echo ready; until test -e {tmp_path}/go; do sleep 0.05; done"
    with cli.running(
        "sweeptree", "run", "-n", "dead", "--use_worktree", *commands(until_told, "true")
    ) as run:
        until_ready(cli.paths("dead"), 0)
        killed = UUID(read_json(cli.paths("dead").sweep)["flow_run_id"])
        wait_for(lambda: task_states(server.api_url, killed).get("run-command 0") == "Running")
        run.kill()
        run.wait()
    (tmp_path / "go").touch()
    resumed = cli.call("sweeptree", "resume", "dead")
    assert resumed.returncode == 0, resumed.stderr
    assert [len(record.attempts) for record in records_of(cli.paths("dead")).values()] == [1, 1]
    after = see(server.api_url, cli.paths("dead"))
    before = see_run(server.api_url, killed)
    assert (after.run.state_name, after.run.id != killed) == ("Completed", True)
    for dead in (before.run, *before.subflows.values()):
        assert dead.state is not None and dead.state.name == "Crashed"
        assert str(after.run.id) in str(dead.state.message)
    assert task_states(server.api_url, killed)["run-command 0"] == "Crashed"
