"""The keeper of one task, as Slurm starts it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sweep_kit import wait_for

from core.hosts.slurm.node.kit import told_of
from sweeptree.hosts.slurm import packing
from sweeptree.hosts.slurm.node import manifest
from sweeptree.model import Cause, JobState
from sweeptree.supervise import read_outcome


@pytest.fixture(autouse=True)
def _no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scontrol that knows nothing."""
    (tmp_path / "scontrol").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def started(folder: Path, told: dict[str, Any], *, restarts: int = 0) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    manifest.write(str(folder), {}, [told])
    packing.write_script(folder / "script", "/x", packing.package_in(folder), folder)
    slurm = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0"}
    env = {**os.environ, **slurm, "SLURM_RESTART_COUNT": str(restarts)}
    argv = [packing.default_python(), "-IS", str(folder / "script")]
    return subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True)


def ended(keeper: subprocess.Popen[str]) -> tuple[int, str]:
    said = keeper.communicate(timeout=60)[1]
    return keeper.returncode, said


def outcome(told: dict[str, Any], number: int = 1) -> dict[str, Any]:
    found = json.loads(Path(told["state"], f"job_0.{number}.outcome").read_text())
    assert isinstance(found, dict)
    return found


def test_an_outcome_a_log_and_the_command_s_exit_code(
    repo: Path, node_tmp: Path, tmp_path: Path
) -> None:
    told = told_of(repo, command="cat ecg/model.py; exit 3")
    assert ended(started(tmp_path / "array", told)) == (3, "")
    assert outcome(told)["exit_code"] == 3
    assert Path(told["log"]).read_text() == "WIDTH = 8\n"


def test_a_second_start_is_a_new_attempt_that_knows_it(
    repo: Path, node_tmp: Path, tmp_path: Path
) -> None:
    told = told_of(repo, command='echo "$SWEEPTREE_ATTEMPT $SWEEPTREE_RESUMED"')
    ended(started(tmp_path / "array", told, restarts=2))
    assert outcome(told, 3)["state"] == "succeeded"
    assert Path(told["log"]).read_text() == "3 1\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_a_signal_ends_the_tree_and_the_outcome_says_so(
    repo: Path, node_tmp: Path, tmp_path: Path, number: signal.Signals
) -> None:
    told = told_of(repo, command='trap "" TERM; touch "$0/runs"; sleep 600')
    told["command"] = told["command"].replace("$0", str(tmp_path))
    keeper = started(tmp_path / "array", told)
    wait_for((tmp_path / "runs").exists)
    keeper.send_signal(number)
    assert ended(keeper)[0] == 1
    assert outcome(told)["reason"] == "cancelled by scancel"


def test_a_preempted_task_that_slurm_forgets_fails_for_a_cause_of_its_own(
    repo: Path, node_tmp: Path, tmp_path: Path
) -> None:
    (tmp_path / "scontrol").write_text("#!/bin/sh\necho PreemptTime=2026-01-01T00:00:00\n")
    told = told_of(repo, command=f"touch {shlex.quote(str(tmp_path))}/runs; sleep 600")
    keeper = started(tmp_path / "array", told)
    wait_for((tmp_path / "runs").exists)
    keeper.send_signal(signal.SIGUSR2)
    ended(keeper)
    found = read_outcome(Path(told["state"], "job_0.1.outcome"))
    assert found is not None
    assert (found.state, found.cause) == (JobState.FAILED, Cause.PREEMPTED)


def test_an_attempt_is_run_once(repo: Path, node_tmp: Path, tmp_path: Path) -> None:
    told = told_of(repo, command="echo ran")
    ended(started(tmp_path / "array", told))
    code, said = ended(started(tmp_path / "array", told))
    assert (code, said) == (3, "sweeptree: exp:0.1@0000 has already been run\n")
    assert Path(told["log"]).read_text() == "ran\n"


def test_a_set_up_that_fails_is_told_from_the_command(
    repo: Path, node_tmp: Path, tmp_path: Path
) -> None:
    told = told_of(repo, setup="exit 7", command="echo ran")
    ended(started(tmp_path / "array", told))
    found = outcome(told)
    assert (found["in_setup"], found["exit_code"], found["state"]) == (True, 7, "failed")


def test_a_commit_that_cannot_be_had_is_the_job_s_reason(
    repo: Path, node_tmp: Path, tmp_path: Path
) -> None:
    told = told_of(repo, ref="refs/sweeptree/slurm/gone")
    ended(started(tmp_path / "array", told))
    assert outcome(told)["state"] == "failed"
    assert "`git fetch` failed" in outcome(told)["reason"]


def test_the_pinned_code_is_imported_first(repo: Path, node_tmp: Path, tmp_path: Path) -> None:
    told = told_of(repo, import_path=["ecg"], command='echo "$PYTHONPATH"', env={"PYTHONPATH": "x"})
    ended(started(tmp_path / "array", told))
    first, _, second = Path(told["log"]).read_text().strip().partition(":")
    assert first.endswith("/ecg")
    assert first.startswith(str(node_tmp))
    assert second == "x"


def test_jobs_without_worktrees_run_where_they_are_told(
    repo: Path, node_tmp: Path, tmp_path: Path
) -> None:
    told = {**told_of(repo, command="pwd"), "repo": None}
    ended(started(tmp_path / "array", told))
    assert Path(told["log"]).read_text().strip() == str(repo)
