"""Why a task ends is told apart, and nothing of it stays on the node."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from slurm_kit import TRACE, WAIT, ClusterSweep
from slurm_rig import SlurmRig
from sweep_kit import wait_for

from sweeptree.model import JobState

NASTY = f"trap '' TERM; setsid sleep 4321 & {WAIT}"


def test_scancel_ends_the_whole_tree_and_the_job_is_cancelled(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, NASTY)
    driver = sweep.start()
    sweep.await_running()
    cluster.ask("scancel", sweep.task())
    sweep.ended(driver)
    record = sweep.records()[0]
    assert (record.state, record.reason) == (JobState.CANCELLED, "cancelled by scancel")
    assert not [pid for node in cluster.nodes.values() for pid in node.processes("sleep")]


def test_scancel_of_a_task_that_has_not_begun(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, WAIT, WAIT, array_parallelism=1)
    driver = sweep.start()
    sweep.await_running()
    cluster.ask("scancel", sweep.task(1))
    sweep.await_state(JobState.CANCELLED, 1)
    cluster.ask("scancel", sweep.task(0))
    sweep.ended(driver)
    assert sweep.records()[1].reason == "cancelled by scancel before it started"


def test_a_requeued_task_goes_on_as_a_new_attempt_in_the_same_folder(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, f'{TRACE}; test -n "$SWEEPTREE_RESUMED" || {{ {WAIT}; }}')
    driver = sweep.start()
    sweep.await_running()
    cluster.ask("scontrol", "requeue", sweep.task())
    sweep.ended(driver)
    record = sweep.records()[0]
    assert sweep.tries() == ["1 new", "2 1"], record.reason
    assert [attempt.state for attempt in record.attempts] == ["cancelled", "succeeded"]
    assert record.attempts[0].reason == "requeued by Slurm, which starts it again"


def test_a_preempted_task_says_so_and_goes_on(cluster: SlurmRig, repo: Path) -> None:
    command = f'{TRACE}; test -n "$SWEEPTREE_RESUMED" || {{ {WAIT}; }}'
    sweep = ClusterSweep(cluster, repo, command, slurm={"cpus-per-task": "2", "nodelist": "n1"})
    driver = sweep.start()
    sweep.await_running()
    cluster.ask("sbatch", "-p", "high", "-n2", "-w", "n1", "-o/dev/null", "--wrap=sleep 1")
    sweep.ended(driver)
    record = sweep.records()[0]
    assert record.state is JobState.SUCCEEDED
    assert record.attempts[0].reason == "preempted by Slurm, which starts it again"


def test_a_task_beyond_its_time_has_timed_out(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, WAIT, slurm={"time": "1m"})
    record = sweep.run()[0]
    assert record.state is JobState.TIMED_OUT
    assert record.reason == "Slurm's time limit (00:01:00) was reached"


def test_a_killed_keeper_is_a_lost_job_and_the_next_one_there_ends_what_it_left(
    cluster: SlurmRig, repo: Path
) -> None:
    command = f'test "$SWEEPTREE_ATTEMPT" = 2 || {{ {WAIT}; }}'
    sweep = ClusterSweep(cluster, repo, command, retries=1, slurm={"nodelist": "n1"})
    driver = sweep.start()
    sweep.await_running()
    (keeper,) = cluster.nodes["n1"].processes("slurm_script")
    os.kill(keeper, signal.SIGKILL)
    sweep.ended(driver)
    lost, second = sweep.records()[0].attempts
    assert (lost.state, second.state) == (JobState.LOST, JobState.SUCCEEDED)
    assert (lost.reason or "").startswith("its keeper was killed on n1: Slurm says FAILED")
    assert not cluster.nodes["n1"].processes("sleep 600")
    assert not list(cluster.nodes["n1"].tmp.glob("sweeptree-0/wt/*"))


def test_what_the_last_killed_keeper_of_a_sweep_left_is_cleared_after_it(
    cluster: SlurmRig, repo: Path
) -> None:
    node = cluster.nodes["n2"]
    options = {"nodelist": "n2", "gres": "gpu:1", "partition": "low"}
    sweep = ClusterSweep(cluster, repo, WAIT, slurm=options)
    driver = sweep.start()
    sweep.await_running()
    (keeper,) = node.processes("slurm_script")
    os.kill(keeper, signal.SIGKILL)
    sweep.ended(driver)
    assert sweep.records()[0].state is JobState.LOST
    wait_for(lambda: not node.processes("sleep 600"))
    wait_for(lambda: not list(node.tmp.glob("sweeptree-0/wt/*")))
    wait_for(lambda: not cluster.ask("squeue", "-h", "-t", "pending,running"))


def test_a_dead_node_s_job_goes_on_on_another_one(cluster: SlurmRig, repo: Path) -> None:
    command = f'{TRACE}; test -n "$SWEEPTREE_RESUMED" || {{ {WAIT}; }}'
    sweep = ClusterSweep(cluster, repo, command)
    driver = sweep.start()
    sweep.await_state(JobState.RUNNING)
    sweep.await_running()
    node = next(node for node in cluster.nodes.values() if node.processes("sleep 600"))
    node.kill()
    sweep.ended(driver)
    record = sweep.records()[0]
    assert [attempt.state for attempt in record.attempts] == ["lost", "succeeded"]
    assert record.host != node.name


def test_a_node_without_the_python_says_how_to_name_another(
    cluster: SlurmRig, repo: Path, monkeypatch
) -> None:
    monkeypatch.setenv("SWEEPTREE_SLURM_PYTHON", "/nowhere/python3")
    record = ClusterSweep(cluster, repo, "true").run()[0]
    assert record.state is JobState.FAILED
    assert "SWEEPTREE_SLURM_PYTHON names another" in (record.reason or "")
