"""The whole way on real PTB-XL records: curate, a sweep of the example in worktrees, evaluate."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import Cli
from helpers import git

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "ptbxl-500"
pytestmark = [
    pytest.mark.engine,
    pytest.mark.e2e,
    pytest.mark.realdata,
    pytest.mark.skipif(not REAL.is_dir(), reason="no real PTB-XL records beside the project"),
]
TORCH = (
    pytest.mark.torch,
    pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed"),
)


@pytest.fixture
def example(cli: Cli, tmp_path: Path) -> Cli:
    """The example committed in the repository, and data/processed made of the 500 real records at
    100 Hz."""
    source = tmp_path / "ptbxl"
    source.mkdir()
    for path in (*REAL.glob("*.csv"), *REAL.glob("*.txt")):
        shutil.copy(path, source)
    with tarfile.open(REAL / "records100.tar.xz", "r:xz") as archive:
        archive.extractall(source, filter="data")
    for path in (ROOT / "examples" / "ecg").glob("*.py"):
        shutil.copy(path, cli.folder)
    (cli.folder / ".gitignore").write_text("data/\nresults/\n__pycache__/\n")
    git("add", ".", cwd=cli.folder)
    git("commit", "-q", "-m", "the example", cwd=cli.folder)
    assert cli.call("sweeptree", "curate", "--source", source).returncode == 0
    return cli


@pytest.mark.parametrize("model", ["linear", pytest.param("unet", marks=TORCH)])
def test_a_sensible_learning_rate_ranks_first_in_the_sweep_and_in_the_evaluation(
    model: str, example: Cli
) -> None:
    template = f"python run_training.py --exp {model}_lr_{{lr}} --seed {{seed}} --epochs 4"
    sweep = (
        "--template",
        template,
        "--grid",
        "lr=3e-5,3e-3",
        "--seeds",
        "1,2",
        "--metric",
        "val_auc:max",
        "--json",
    )
    done = example.run(
        "lr", *sweep, VIRTUAL_ENV=sys.prefix
    )  # as if it were activated: the jobs' python is this one
    document = json.loads(done.stdout)
    assert (done.returncode, document["leaderboard"]) == (0, ["lr=3e-3", "lr=3e-5"])
    judged = example.call(
        "sweeptree", "evaluate", "results/lr", "--compare", "--bootstrap", "50", "--json"
    )
    report = json.loads(judged.stdout)
    assert (judged.returncode, len(report["runs"]), report["best"].split("/")[0]) == (
        0,
        4,
        "lr=3e-3",
    )
    manifest = json.loads((example.folder / "data" / "processed" / "manifest.json").read_text())
    assert report["data_digest"] == manifest["digest"]
    assert (
        example.folder / "results" / "lr" / "evaluation" / "report.html"
    ).stat().st_size > 10_000
