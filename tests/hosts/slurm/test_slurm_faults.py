"""What may die or stand still while a sweep runs on a cluster: nothing is lost or runs twice."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from core.cli_records import call
from slurm_kit import GATE, TRACE, WAIT, ClusterSweep
from slurm_rig import SlurmRig
from sweep_kit import wait_for

from sweeptree.model import JobState


def test_a_driver_that_dies_takes_no_job_along_and_resume_takes_them_over(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, *[f"{TRACE}; {GATE}"] * 6)
    driver = sweep.start()
    sweep.await_state(JobState.RUNNING)
    driver.kill()
    driver.communicate()
    (sweep.paths.root / "gate").touch()
    records = sweep.run(resume=True)
    assert {record.state for record in records.values()} == {JobState.SUCCEEDED}
    assert [sweep.tries(index) for index in range(6)] == [["1 new"]] * 6


def test_an_array_whose_driver_died_before_it_noted_its_number_is_found_again(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, *[f"{TRACE}; {GATE}"] * 3)
    driver = sweep.start()
    sweep.await_state(JobState.RUNNING)
    driver.kill()
    driver.communicate()
    (sweep.paths.slurm / "0001" / "submitted.json").unlink()
    (sweep.paths.root / "gate").touch()
    records = sweep.run(resume=True)
    assert {record.state for record in records.values()} == {JobState.SUCCEEDED}
    assert [sweep.tries(index) for index in range(3)] == [["1 new"]] * 3


def test_a_controller_that_dies_right_after_the_submission_costs_nothing(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, *[f"{TRACE}; sleep 1"] * 4)
    driver = sweep.start()
    wait_for((sweep.paths.slurm / "0001" / "submitted.json").exists)
    cluster.controller.kill()
    cluster.controller.start()
    sweep.ended(driver)
    records = sweep.records()
    assert {record.state for record in records.values()} == {JobState.SUCCEEDED}
    finished = [sweep.tries(index)[-1] for index in range(4)]
    assert all(finished)


@pytest.mark.slow
def test_a_controller_that_stands_still_for_a_minute_costs_no_job(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, *[f"{TRACE}; {GATE}"] * 4)
    driver = sweep.start()
    sweep.await_state(JobState.RUNNING)
    cluster.controller.stop()
    time.sleep(60)  # the fault itself
    (sweep.paths.root / "gate").touch()
    cluster.controller.proceed()
    sweep.ended(driver)
    records = sweep.records()
    assert {record.state for record in records.values()} == {JobState.SUCCEEDED}
    assert [sweep.tries(index) for index in range(4)] == [["1 new"]] * 4


def test_a_cancelled_sweep_leaves_no_task_in_the_queue(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, WAIT, WAIT, WAIT, array_parallelism=1)
    driver = sweep.start()
    sweep.await_running()
    sweep.paths.cancel.write_text("term")
    sweep.ended(driver)
    assert sweep.records()[0].state is JobState.CANCELLED
    assert cluster.ask("squeue", "-h", "-t", "pending,running") == ""
    assert not [pid for node in cluster.nodes.values() for pid in node.processes("sleep 600")]


@pytest.mark.parametrize("words", [(), ("--kill",)])
def test_a_sweep_that_nobody_drives_is_cancelled(
    cluster: SlurmRig, repo: Path, words: tuple[str, ...]
) -> None:
    sweep = ClusterSweep(cluster, repo, WAIT, WAIT, array_parallelism=1)
    driver = sweep.start()
    sweep.await_running()
    driver.kill()
    driver.communicate()
    assert call("cancel", str(sweep.paths.root), *words).code == 0
    assert sweep.records()[0].state is JobState.CANCELLED
    assert cluster.ask("squeue", "-h", "-t", "pending,running") == ""
    assert call("cancel", str(sweep.paths.root)).out == "nothing of exp is running\n"


def test_a_second_cancel_kills_at_once(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, f"trap '' TERM; {WAIT}", grace=2.0)
    driver = sweep.start()
    sweep.await_running()
    sweep.paths.cancel.write_text("kill")
    sweep.ended(driver)
    record = sweep.records()[0]
    assert (record.state, record.reason) == (JobState.CANCELLED, "cancelled")


def test_ctrl_c_cancels_and_resume_runs_what_is_left(cluster: SlurmRig, repo: Path) -> None:
    command = f'{TRACE}; test -e "$SWEEPTREE_OUT/../gate" || {{ {WAIT}; }}'
    sweep = ClusterSweep(cluster, repo, *[command] * 3, array_parallelism=1)
    driver = sweep.start()
    sweep.await_running()
    driver.send_signal(signal.SIGINT)
    sweep.ended(driver)
    (sweep.paths.root / "gate").touch()
    records = sweep.run(resume=True)
    assert {record.state for record in records.values()} == {JobState.SUCCEEDED}
    assert sweep.tries() == ["1 new", "2 new"]


def test_the_first_failure_may_stop_what_has_not_begun(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, "exit 1", WAIT, array_parallelism=1, on_fail="stop")
    gone = lambda: cluster.ask("squeue", "-h", "-t", "pending") == ""  # noqa: E731
    driver = sweep.start()
    sweep.await_state(JobState.FAILED)
    wait_for(gone)
    cluster.ask("scancel", "-u", "root")
    sweep.ended(driver)
    assert sweep.records()[0].state is JobState.FAILED


def test_a_held_task_whose_job_is_done_is_taken_out_of_the_queue(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, TRACE, f"{TRACE}; {GATE}")
    driver = sweep.start()
    sweep.await_state(JobState.SUCCEEDED)
    wait_for(lambda: _is_over(cluster, sweep.task(0)))
    cluster.ask("scontrol", "requeuehold", sweep.task(0))
    wait_for(lambda: "CANCELLED" in cluster.ask("scontrol", "-o", "show", "job", sweep.task(0)))
    (sweep.paths.root / "gate").touch()
    sweep.ended(driver)
    assert sweep.tries(0) == ["1 new"]


def _is_over(cluster: SlurmRig, task: str) -> bool:
    return "JobState=COMPLETED" in cluster.ask("scontrol", "-o", "show", "job", task)


def test_a_sweep_larger_than_an_array_may_be_is_several(repo: Path, monkeypatch, _why_no_slurm):
    if _why_no_slurm:
        pytest.skip(_why_no_slurm)
    with SlurmRig(max_array=4) as rig:
        monkeypatch.setenv("SLURM_CONF", rig.environment["SLURM_CONF"])
        sweep = ClusterSweep(rig, repo, *["true"] * 7, array_parallelism=2)
        records = sweep.run()
    assert [record.state for record in records.values()] == [JobState.SUCCEEDED] * 7
    assert len(list(sweep.paths.slurm.glob("0*"))) == 2
