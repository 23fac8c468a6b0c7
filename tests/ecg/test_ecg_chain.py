"""The whole way as a user goes it: curate, train in processes of their own, evaluate, report."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from core.ecg import ptbxl_like
from cyclopts import App

from sweeptree.cli.app import run_command_line
from sweeptree.cli.commands.curate import curate
from sweeptree.cli.commands.evaluate import evaluate
from sweeptree.ecg import load
from sweeptree.errors import UsageError

TRAIN = Path(__file__).resolve().parents[2] / "examples" / "ecg" / "run_training.py"


def sweeptree(line):
    app = App(result_action="return_value")
    app.command(curate)
    app.command(evaluate)
    return app(line, exit_on_error=False)


def train(rate, seed):
    words = [
        str(TRAIN),
        "--exp",
        f"linear_lr_{rate}",
        "--seed",
        str(seed),
        "--data_dir",
        "data/processed",
    ]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)


def configs():
    with Path("results/evaluation/seeds.csv").open(newline="") as stream:
        return [row["config"] for row in csv.DictReader(stream)]


def test_curate_train_evaluate_with_the_words_of_the_command_line(tmp_path, capsys):
    ptbxl_like.make(tmp_path / "ptbxl", count=150)
    assert sweeptree("curate --source ptbxl --on_bad_record quarantine --task superdiagnostic") == 0
    train("3e-3", 1)
    assert sweeptree("evaluate results --bootstrap 20 --resample skip-empty --no-figures") == 0
    metrics = json.loads(Path("results/evaluation/metrics.json").read_text())
    assert metrics["data_digest"] == load("data/processed").digest
    assert next(iter(metrics["runs"].values()))["overall"]["auc_macro"] > 0.9
    assert "macro ROC-AUC" in capsys.readouterr().out


def test_a_dry_run_prints_the_plan_and_changes_nothing(pristine, tmp_path, capsys):
    assert sweeptree(f"curate --source {pristine} --dry_run") == 0
    assert "12 records" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home"]


def test_json_is_one_document_on_stdout(pristine, capsys):
    assert sweeptree(f"curate --source {pristine} --json") == 0
    assert json.loads(capsys.readouterr().out)["digest"] == load("data/processed").digest


def test_the_environment_names_the_source(pristine, monkeypatch):
    monkeypatch.setenv("SWEEPTREE_PTBXL", str(pristine))
    assert sweeptree("curate") == 0
    assert len(load("data/processed").ecg_ids) == 12


def test_evaluate_without_predictions_is_a_usage_error():
    with pytest.raises(UsageError, match="no predictions"):
        sweeptree("evaluate")


def test_training_twice_gives_the_same_bytes(tmp_path):
    ptbxl_like.make(tmp_path / "ptbxl", count=40)
    sweeptree("curate --source ptbxl")
    path = Path("results/linear_lr_3e-3/seed1/predictions.npz")
    train("3e-3", 1)
    first = path.read_bytes()
    train("3e-3", 1)
    assert path.read_bytes() == first


@pytest.mark.realdata
def test_on_real_records_a_sensible_learning_rate_ranks_first(real, capsys):
    sweeptree(f"curate --source {real}")
    for rate in ("3e-5", "3e-3"):
        for seed in (1, 2):
            train(rate, seed)
    sweeptree("evaluate results --compare --bootstrap 200")
    assert configs() == ["linear_lr_3e-3", "linear_lr_3e-5"]
    assert Path("results/evaluation/report.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("curate --limit 0", "--limit: must be greater than or equal to 1"),
        ("curate --rate 250", "--rate: must be '100', '500' or 'both'"),
        ("curate --task ecg", "--task: must be 'diagnostic'"),
        ("curate --source nowhere", "there is no folder or zip nowhere"),
        (
            "curate --task reconstruction --rate 100 --source .",
            "reconstruction needs signals at 500 Hz",
        ),
        ("evaluate . --level 7", "--level: must be less than 1"),
        ("evaluate . --resample some", "--resample: must be 'reject'"),
        ("evaluate . --bootstrap -1", "--bootstrap: must be greater than or equal to 0"),
        ("evaluate . --timeout 3x", "--timeout: '3x' is no duration; write 90s"),
        ("evaluate", "no predictions were given"),
        ("evaluate . --command true", "give predictions or --command, not both"),
        ("evaluate nowhere", "there is no nowhere"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_one_plain_line_and_exit_code_2(line, words, capsys):
    assert run_command_line(line.split()) == 2
    said = capsys.readouterr().err
    assert (
        said.startswith(f"sweeptree: {words}")
        and "pydantic" not in said
        and "Traceback" not in said
    )


def test_a_dry_run_of_an_evaluation_names_its_runs_and_writes_nothing(tmp_path, capsys):
    np.savez("predictions.npz", classes=np.array(["A"]))
    assert run_command_line(["evaluate", "predictions.npz", "--dry_run"]) == 0
    assert "judge   predictions.npz" in capsys.readouterr().out
    assert not Path("evaluation").exists()
