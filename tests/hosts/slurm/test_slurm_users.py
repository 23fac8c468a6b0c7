"""Somebody without any rights on the cluster but to submit."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_kit import TRACE, WAIT, ClusterSweep
from slurm_rig import SlurmRig

from sweeptree.model import JobState

NOBODY = 65534
PYTHON = "/usr/bin/python3"
# The driver's own Python may stand in a folder of root's: it may read there, and do no more.
AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--bounding-set=-all,+dac_read_search",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
)


@pytest.fixture
def own_repo(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The repository as one of that user, in a folder that everybody may look into."""
    code = "import sys; sys.exit(sys.version_info < (3, 10))"
    if shutil.which("setpriv") is None or subprocess.run([PYTHON, "-c", code]).returncode:
        pytest.skip(f"needs setpriv, and a {PYTHON} of 3.10 or newer that everybody may run")
    home = Path(tempfile.mkdtemp(prefix="swnobody-"))
    shutil.copytree(repo, home / "repo", symlinks=True)
    for folder, _, files in os.walk(home):
        for path in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    home.chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SWEEPTREE_HOME", str(home / "state"))
    monkeypatch.setenv("SWEEPTREE_SLURM_PYTHON", PYTHON)
    yield home / "repo"
    shutil.rmtree(home)


def of_nobody(cluster: SlurmRig, repo: Path, *commands: str, **fields: object) -> ClusterSweep:
    sweep = ClusterSweep(cluster, repo, *commands, **fields)
    sweep.as_whom = AS_NOBODY
    return sweep


def test_a_user_without_rights_runs_a_sweep(cluster: SlurmRig, own_repo: Path) -> None:
    change = "id -u; echo WIDTH = 9 > ecg/model.py"
    sweep = of_nobody(cluster, own_repo, change, "exit 3", slurm={"gres": "gpu:1"})
    records = sweep.run()
    assert [record.state for record in records.values()] == [JobState.SUCCEEDED, JobState.FAILED]
    assert sweep.paths.log(0).read_text() == f"{NOBODY}\n"
    assert set(records[0].artifacts) == {"ecg/model.py"}
    assert not list(cluster.root.glob(f"tmp.n*/sweeptree-{NOBODY}/wt/*"))


def test_a_requeued_task_of_theirs_starts_again_soon(cluster: SlurmRig, own_repo: Path) -> None:
    command = f'{TRACE}; test -n "$SWEEPTREE_RESUMED" || {{ {WAIT}; }}'
    sweep = of_nobody(cluster, own_repo, command)
    driver = sweep.start()
    sweep.await_running()
    cluster.ask("scontrol", "requeue", sweep.task())
    sweep.ended(driver)
    assert sweep.tries() == ["1 new", "2 1"]
    assert sweep.records()[0].state is JobState.SUCCEEDED


def test_a_user_s_sweep_is_cancelled(cluster: SlurmRig, own_repo: Path) -> None:
    sweep = of_nobody(cluster, own_repo, WAIT, WAIT, array_parallelism=1)
    driver = sweep.start()
    sweep.await_running()
    sweep.paths.cancel.write_text("term")
    sweep.ended(driver)
    assert sweep.records()[0].state is JobState.CANCELLED
    assert cluster.ask("squeue", "-h", "-t", "pending,running") == ""
