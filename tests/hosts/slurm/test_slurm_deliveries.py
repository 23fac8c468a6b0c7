"""What follows a command is done by the driver, with what the job changed on its node."""

from __future__ import annotations

from pathlib import Path

from helpers import git
from slurm_kit import ClusterSweep
from slurm_rig import SlurmRig

from sweeptree.model import JobState

CHANGE = "echo WIDTH = 9 > ecg/model.py; echo made > table.csv; echo big > model.bin"


def test_changes_become_a_branch_here_with_the_files_that_were_asked_for(
    cluster: SlurmRig, repo: Path
) -> None:
    sweep = ClusterSweep(cluster, repo, CHANGE, commit_and_pr=True, pr_artifacts=("*.csv",))
    record = sweep.run()[0]
    assert record.state is JobState.SUCCEEDED
    changed = git("diff", "--name-status", "main", record.git_branch or "", cwd=repo)
    assert changed.split() == ["M", "ecg/model.py", "A", "table.csv"]
    assert git("show", f"{record.git_branch}:ecg/model.py", cwd=repo) == "WIDTH = 9"
    assert git("for-each-ref", "refs/sweeptree/quarantine", cwd=repo) == ""


def test_the_auto_fix_sees_the_job_s_changes(cluster: SlurmRig, repo: Path) -> None:
    script = repo / "fix.sh"
    script.write_text("#!/bin/sh\ncat ecg/model.py\n")
    script.chmod(0o755)
    git("add", "fix.sh", cwd=repo)
    git("commit", "-qm", "fix", cwd=repo)
    told = {"auto_fix_before_pr": True, "auto_fix_script": "fix.sh"}
    sweep = ClusterSweep(cluster, repo, CHANGE, **told)
    record = sweep.run()[0]
    assert record.auto_fix is not None
    assert record.auto_fix["exit_code"] == 0
    assert "WIDTH = 9" in "".join(
        file.read_text() for file in sweep.paths.root.rglob("*.log") if "fix" in file.name
    )


def test_files_beyond_the_cap_stay_on_their_node_and_the_record_says_where(
    cluster: SlurmRig, repo: Path, monkeypatch
) -> None:
    monkeypatch.setenv("SWEEPTREE_ARTIFACTS_CAP", "100")
    sweep = ClusterSweep(cluster, repo, "head -c 1000 /dev/zero > model.bin")
    record = sweep.run()[0]
    (kept,) = cluster.root.glob("tmp.n*/sweeptree-0/wt/*/model.bin")
    assert kept.stat().st_size == 1000
    assert any("1 files stand only in n" in note for note in record.notes)
