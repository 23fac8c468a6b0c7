"""Slurm's commands, where their far side is a program of the test."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.slurm import cluster
from sweeptree.hosts.slurm.cluster import ClusterAway, TaskState

Answering = Callable[..., Path]


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answering:
    """answering("squeue", "echo x"): a command of Slurm that does this; its words go to a file."""

    def make(name: str, script: str) -> Path:
        words = tmp_path / f"{name}.words"
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(words))}\n{script}\n')
        program.chmod(0o755)
        return words

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return make


def test_the_tasks_of_arrays_by_their_names(answering: Answering) -> None:
    answering("squeue", "echo '7|0|RUNNING|None|n1'; echo '7|1|PENDING|BeginTime|'")
    assert cluster.tasks(["7"]) == {
        "7_0": TaskState("RUNNING", "None", "n1"),
        "7_1": TaskState("PENDING", "BeginTime", ""),
    }


def test_arrays_that_slurm_has_forgotten_have_no_tasks(answering: Answering) -> None:
    answering("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert cluster.tasks(["7"]) == {}


@pytest.mark.parametrize(
    "words",
    [
        "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
        "slurm_load_jobs error: Zero Bytes were transmitted or received",
    ],
)
def test_a_controller_that_is_away_is_told_from_a_refusal(answering: Answering, words: str) -> None:
    answering("squeue", f"echo '{words}' >&2; exit 1")
    with pytest.raises(ClusterAway):
        cluster.tasks(["7"])


def test_a_controller_that_does_not_answer_is_away(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    answering("squeue", "exec sleep 30")
    with pytest.raises(ClusterAway, match="no answer"):
        cluster.tasks(["7"])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("Invalid partition name specified", "sinfo shows the partitions"),
        ("Requested node configuration is not available", "what nodes have: sinfo -N"),
        ("error: Invalid --time specification", "man sbatch"),
    ],
)
def test_what_the_cluster_refuses_is_said_in_its_words_with_who_knows_better(
    answering: Answering, words: str, hint: str
) -> None:
    answering("sbatch", f"echo 'allocation failure: {words}' >&2; exit 1")
    with pytest.raises(Refused, match=f"would not take these jobs: {words}") as no:
        cluster.check(["--partition=x"], Path("script"), os.environ)
    assert no.value.hint[0].startswith(hint)


def test_a_submission_gives_the_array_s_number(answering: Answering) -> None:
    words = answering("sbatch", "echo '12;cluster'")
    assert cluster.submit(["--array=0-3"], Path("script"), os.environ) == "12"
    assert words.read_text() == "--parsable --array=0-3 script\n"


def test_a_submission_that_fails_says_why(answering: Answering) -> None:
    answering("sbatch", "echo 'sbatch: error: no' >&2; exit 1")
    with pytest.raises(SweeptreeError, match="could not be submitted: error: no"):
        cluster.submit([], Path("script"), os.environ)


def test_the_cluster_s_limits(answering: Answering) -> None:
    answering("scontrol", "echo 'MaxArraySize            = 25'; echo 'KillWait = 30 sec'")
    assert cluster.limits() == cluster.Limits(max_array=25, kill_wait=30.0)


def test_a_machine_without_slurm_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="belongs to no Slurm cluster"):
        cluster.limits()


@pytest.mark.parametrize(
    ("state", "reason", "held", "delayed", "over"),
    [
        ("PENDING", "BeginTime", False, True, False),
        ("PENDING", "launch failed requeued held", True, False, False),
        ("PENDING", "JobHeldUser", True, False, False),
        ("RUNNING", "None", False, False, False),
        ("COMPLETED", "None", False, False, True),
        ("NODE_FAIL", "NodeDown", False, False, True),
    ],
)
def test_what_a_state_means(state: str, reason: str, held: bool, delayed: bool, over: bool) -> None:
    found = TaskState(state, reason, "")
    assert (found.is_held, found.is_delayed, found.is_over) == (held, delayed, over)
