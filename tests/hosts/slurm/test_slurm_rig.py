"""The rig itself is a cluster: what the other tests build on."""

from __future__ import annotations

from pathlib import Path

from slurm_rig import SlurmRig
from sweep_kit import wait_for

NO_OUTPUT = "-o/dev/null"  # else it is a file in the working folder


def test_a_job_gets_its_gpu_and_the_temporary_folder_of_its_node(
    cluster: SlurmRig, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    script = 'echo "$CUDA_VISIBLE_DEVICES $TMPDIR $(hostname)"'
    cluster.ask("sbatch", "--wait", "--gres=gpu:1", "-w", "n2", f"-o{out}", f"--wrap={script}")
    assert out.read_text().split() == ["0", f"{cluster.root}/tmp", "n2"]


def test_a_node_that_dies_takes_its_jobs_along_and_slurm_starts_them_again(
    cluster: SlurmRig,
) -> None:
    job = cluster.ask(
        "sbatch", "--parsable", "--requeue", "-w", "n1", NO_OUTPUT, "--wrap=sleep 1234"
    )
    wait_for(lambda: cluster.nodes["n1"].processes("sleep 1234"))
    cluster.nodes["n1"].kill()
    wait_for(lambda: "Restarts=1" in cluster.ask("scontrol", "-o", "show", "job", job))


def test_a_job_of_the_better_partition_preempts_one_of_the_other(cluster: SlurmRig) -> None:
    low = cluster.ask("sbatch", "--parsable", "-n2", "-w", "n1", NO_OUTPUT, "--wrap=sleep 1234")
    wait_for(lambda: cluster.nodes["n1"].processes("sleep 1234"))
    cluster.ask("sbatch", "-p", "high", "-n2", "-w", "n1", NO_OUTPUT, "--wrap=sleep 4321")
    wait_for(lambda: cluster.nodes["n1"].processes("sleep 4321"))
    assert "Restarts=1" in cluster.ask("scontrol", "-o", "show", "job", low)
