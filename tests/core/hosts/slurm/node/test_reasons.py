"""Why Slurm ends a job, by what `scontrol` says of it (a program of the test)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeptree.hosts.slurm.node import reasons

TERM, USR2 = signal.SIGTERM, signal.SIGUSR2
RUNNING = "JobState=COMPLETING Restarts=0 RunTime=00:00:30 TimeLimit=01:00:00 PreemptTime=None"
Say = Callable[[str], None]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """say("Restarts=1"): what scontrol prints from now on."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")

    def says(words: str) -> None:
        program = tmp_path / "scontrol"
        program.write_text(f'#!/bin/sh\n[ "$4" = 7_3 ] && echo "{words}"\n')
        program.chmod(0o755)

    return says


def why(got: signal.Signals) -> reasons.Why:
    return reasons.why(got, warned_before=10.0, since=reasons.size_of_output())


@pytest.mark.parametrize(
    ("got", "facts", "kind", "state"),
    [
        (TERM, RUNNING, "cancelled", "cancelled"),
        (TERM, RUNNING.replace("Restarts=0", "Restarts=1"), "requeued", "cancelled"),
        (USR2, RUNNING.replace("00:00:30", "00:59:10"), "time_limit", "timed_out"),
        (USR2, RUNNING, "cancelled", "cancelled"),
        (TERM, RUNNING.replace("00:00:30", "01:00:05"), "time_limit", "timed_out"),
        (TERM, RUNNING.replace("01:00:00", "UNLIMITED"), "cancelled", "cancelled"),
        (USR2, RUNNING.replace("=None", "=2026-01-01T00:00:00"), "preempted", "failed"),
        (TERM, "", "cancelled", "cancelled"),
    ],
)
def test_signal_and_facts_tell(
    say: Say, got: signal.Signals, facts: str, kind: str, state: str
) -> None:
    say(facts)
    found = why(got)
    assert (found.kind, found.verdict().state) == (kind, state)


def test_a_second_start_compares_with_its_own_count(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    say(RUNNING.replace("Restarts=0", "Restarts=1"))
    assert why(TERM).kind == "cancelled"


@pytest.mark.parametrize(
    ("words", "kind", "goes_on"),
    [
        ("CANCELLED AT x DUE TO JOB REQUEUE ***", "requeued", True),
        ("CANCELLED AT x DUE TO PREEMPTION ***", "preempted", False),
        ("CANCELLED AT x DUE TO TIME LIMIT ***", "time_limit", False),
        ("CANCELLED AT x ***", "cancelled", False),
    ],
)
def test_what_slurmstepd_wrote_tells_it_where_the_controller_does_not(
    say: Say, words: str, kind: str, goes_on: bool
) -> None:
    say("")
    since = reasons.size_of_output()
    os.write(2, f"slurmstepd: error: *** JOB 7 ON n1 {words}\n".encode())
    found = reasons.why(TERM, warned_before=10.0, since=since)
    assert (found.kind, found.goes_on) == (kind, goes_on)


def test_what_goes_on_says_so(say: Say) -> None:
    say(RUNNING.replace("Restarts=0", "Restarts=1"))
    found = why(TERM)
    assert found.goes_on
    assert found.verdict().reason == "requeued by Slurm, which starts it again"


def test_days_count_too(say: Say) -> None:
    say(RUNNING.replace("00:00:30", "2-23:59:30").replace("01:00:00", "3-00:00:00"))
    assert why(USR2).kind == "time_limit"
