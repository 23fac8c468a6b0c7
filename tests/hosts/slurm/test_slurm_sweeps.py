"""Whole sweeps on a cluster: what a job finds on its node, and what comes back."""

from __future__ import annotations

from pathlib import Path

from helpers import git
from nvml import FakeDriver, build
from slurm_kit import GATE, ClusterSweep, printed
from slurm_rig import SlurmRig
from sweep_kit import wait_for

from sweeptree.model import JobState
from sweeptree.records import read_ledger
from sweeptree.sweep.view import view_sweep

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def test_a_job_has_the_gpu_of_its_gres_and_a_worktree_of_its_own_on_the_node(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, f"python3 -c '{SHOW}'", slurm={"gres": "gpu:1"})
    record = sweep.run()[0]
    seen = printed(sweep.paths)
    assert (record.state, record.gpus) == (JobState.SUCCEEDED, ("0",))
    assert seen["CUDA_VISIBLE_DEVICES"] == "0"
    assert seen["SWEEPTREE_WORKTREE"].startswith(f"{cluster.root}/tmp/")
    assert record.host in cluster.nodes
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1
    assert not list(cluster.root.glob("tmp.n*/sweeptree-0/wt/*"))


def test_a_job_without_gres_has_no_gpu_and_none_of_the_driver_s_secrets(
    cluster: SlurmRig, repo: Path, monkeypatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("WANDB_API_KEY", "canary")
    monkeypatch.setenv("WANDB_MODE", "offline")
    sweep = ClusterSweep(cluster, repo, f"python3 -c '{SHOW}'")
    sweep.run()
    seen = printed(sweep.paths)
    assert seen["CUDA_VISIBLE_DEVICES"] == ""
    assert "WANDB_API_KEY" not in seen
    assert seen["WANDB_MODE"] == "offline"


def test_metrics_files_and_changes_come_back(cluster: SlurmRig, repo: Path) -> None:
    change = "python3 train.py; echo WIDTH = 9 > ecg/model.py; rm train.py; echo w > model.bin"
    sweep = ClusterSweep(cluster, repo, change)
    record = sweep.run()[0]
    assert record.metrics == {"val_auc": 0.9}
    assert set(record.artifacts) == {"ecg/model.py", "model.bin"}
    assert (sweep.paths.artifacts(0) / "model.bin").read_text() == "w\n"
    (ref,) = git("for-each-ref", "--format=%(refname)", "refs/sweeptree", cwd=repo).split()
    changed = git("diff", "--name-status", "main", ref, cwd=repo).split()
    assert changed == ["M", "ecg/model.py", "D", "train.py"]


def test_a_failing_command_is_data_also_for_slurm(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, "exit 3", "exit 0")
    records = sweep.run()
    assert (records[0].state, records[0].exit_code) == (JobState.FAILED, 3)
    assert records[1].state is JobState.SUCCEEDED
    assert "ExitCode=3:0" in cluster.ask("scontrol", "-o", "show", "job", sweep.task(0))


def test_a_failed_setup_is_the_job_s_end(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, "true", setup="echo no >&2; exit 7")
    record = sweep.run()[0]
    assert record.reason == "the setup command failed: exit code 7"


def test_a_job_is_tried_again_as_a_task_of_its_own(cluster: SlurmRig, repo: Path) -> None:
    flaky = 'test "$SWEEPTREE_ATTEMPT" = 2'
    sweep = ClusterSweep(cluster, repo, flaky, retries=1)
    record = sweep.run()[0]
    states = [attempt.state for attempt in record.attempts]
    assert states == [JobState.FAILED, JobState.SUCCEEDED]


def test_included_files_and_data_are_there_and_are_no_work_of_the_job(
    cluster: SlurmRig, repo: Path
) -> None:
    (repo / "data").mkdir()
    (repo / "data" / "records").write_text("ecg\n")
    (repo / "data" / "processed").mkdir()
    (repo / "data" / "processed" / "manifest.json").write_text('{"digest": "d1"}')
    (repo / "key.secret").write_text("k\n")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    git("add", ".worktreeinclude", cwd=repo)
    git("commit", "-qm", "include", cwd=repo)
    sweep = ClusterSweep(cluster, repo, "cat data/records key.secret", dirty="ignore")
    record = sweep.run()[0]
    assert sweep.paths.log(0).read_text() == "ecg\nk\n"
    assert record.artifacts == ()
    assert record.data_digest == "d1"


def test_jobs_without_worktrees_run_in_the_repository(cluster: SlurmRig, repo: Path) -> None:
    sweep = ClusterSweep(cluster, repo, "pwd", use_worktree=False)
    assert sweep.run()[0].state is JobState.SUCCEEDED
    assert sweep.paths.log(0).read_text().strip() == str(repo)


def test_a_node_that_cannot_see_the_results_is_named_with_what_to_do(
    cluster: SlurmRig, repo: Path
) -> None:
    (repo / "results").mkdir()
    for node in cluster.nodes.values():
        node.hide(repo / "results")
    record = ClusterSweep(cluster, repo, "true").run()[0]
    assert record.state is JobState.FAILED
    assert "--results_dir on a shared file system" in (record.reason or "")


def test_the_record_names_gpus_by_their_uuid_and_what_they_did(
    cluster: SlurmRig, repo: Path, tmp_path: Path, monkeypatch
) -> None:
    driver = FakeDriver(build(tmp_path), tmp_path / "gpus.conf")
    driver.configure("gpu mem=1000 used=10", "gpu mem=1000 used=10")
    for name, value in driver.environment.items():
        monkeypatch.setenv(name, value)
    sweep = ClusterSweep(cluster, repo, "sleep 1.5", slurm={"gres": "gpu:2"})
    record = sweep.run()[0]
    assert [uuid[:4] for uuid in record.gpus] == ["GPU-", "GPU-"]
    assert record.gpu_seconds is not None
    assert record.gpu_seconds > 2


def test_while_it_runs_record_ledger_and_status_name_its_node(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, GATE, slurm={"nodelist": "n2"})
    driver = sweep.start()
    sweep.await_state(JobState.RUNNING)
    hosts = {
        "record": sweep.records()[0].host,
        "ledger": read_ledger(sweep.paths)[0]["host"],
        "status": view_sweep(sweep.paths).jobs[0].host,
    }
    (sweep.paths.root / "gate").touch()
    sweep.ended(driver)
    assert hosts == dict.fromkeys(hosts, "n2")


def test_a_job_whose_set_up_takes_long_is_on_its_node_already(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, "true", setup=GATE, slurm={"nodelist": "n2"})
    driver = sweep.start()
    job = wait_for(lambda: next((job for job in view_sweep(sweep.paths).jobs if job.host), None))
    wait_for(lambda: sweep.records()[0].host == "n2")
    (sweep.paths.root / "gate").touch()
    sweep.ended(driver)
    assert (job.host, job.note) == ("n2", "for its worktree and set-up")
