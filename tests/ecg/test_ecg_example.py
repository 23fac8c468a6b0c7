"""The example: generated records, gradients, and trainings that really learn."""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sweeptree.ecg import CurateSpec, EvaluateSpec, load
from sweeptree.ecg.curate import curate
from sweeptree.ecg.evaluate import evaluate
from sweeptree.ecg.evaluate.subgroups import AGE_BANDS
from sweeptree.examples.ecg import generate_records, networks

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ecg"
pytestmark = pytest.mark.xdist_group("ecg")  # one process, so that the records are generated once
TORCH = (
    pytest.mark.torch,
    pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed"),
)
NUMPY_MODELS = ("linear", "conv")
TORCH_MODELS = tuple(pytest.param(name, marks=TORCH) for name in ("unet", "resnet"))


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    """160 generated records, curated; never change it."""
    top = tmp_path_factory.mktemp("example")
    script("generate_records.py", str(top / "ptb-xl"), "--records", "160", cwd=top)
    curate(CurateSpec(source=str(top / "ptb-xl"), out=top / "processed"))
    return top / "processed"


def script(name, *args, cwd, **extra):
    argv = [sys.executable, str(EXAMPLE / name), *args]
    return subprocess.run(
        argv, cwd=cwd, env=os.environ | extra, capture_output=True, text=True, timeout=120
    )


def train(cwd, exp, *args, **extra):
    cwd.mkdir(exist_ok=True)
    return script("run_training.py", "--exp", exp, *args, cwd=cwd, **extra)


def report_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def files_of(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_generated_records_are_the_same_bytes_twice_and_need_a_new_folder(tmp_path):
    for name in ("a", "b"):
        assert script("generate_records.py", name, "--records", "30", cwd=tmp_path).returncode == 0
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    again = script("generate_records.py", "a", "--records", "30", cwd=tmp_path)
    assert (again.returncode, "Name a folder that does not exist yet" in again.stderr) == (2, True)


def test_generated_records_pass_every_check_of_the_curator(curated):
    assert (len(load(curated).ecg_ids), load(curated).manifest["quarantine"]) == (160, {})
    assert set(load(curated).manifest["findings"]) == {"sha256_missing", "version_old"}


def test_generated_leads_obey_einthoven():
    signal = generate_records.heartbeats(frozenset({"MI"}), np.random.default_rng(0)).astype(int)
    assert np.abs(signal[:, 1] - signal[:, 0] - signal[:, 2]).max() <= 1
    assert np.abs(signal[:, 3] + (signal[:, 0] + signal[:, 1]) / 2).max() <= 1


@pytest.mark.parametrize(("model", "shape"), [("linear", (3, 20)), ("conv", (3, 2, 96))])
def test_gradients_are_those_of_the_loss(model, shape):
    rng = np.random.default_rng(5)
    net, x = networks.MODELS[model](shape[1], 4, rng), rng.normal(size=shape)
    direction = rng.normal(size=net.forward(x).shape)
    net.backward(direction)
    for layer in net.layers:
        for i, gradient in enumerate(layer.gradients):
            layer.parameters[i] = parameter = layer.parameters[i].astype(np.float64)
            index = np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)
            values = []
            for step in (1e-5, -2e-5):
                parameter[index] += step
                values.append(float((net.forward(x) * direction).sum()))
            parameter[index] += 1e-5
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(gradient[index], rel=1e-3)


@pytest.fixture(scope="module")
def told(curated, tmp_path_factory):
    """One training: its folder, its report, and what it told sweeptree."""
    top = tmp_path_factory.mktemp("told")
    args = ("--seed", "1", "--epochs", "6", "--data_dir", str(curated))
    report = report_of(
        train(top, "linear_lr_1e-1", *args, SWEEPTREE_METRICS=str(top / "metrics.jsonl"))
    )
    return (
        top,
        report,
        [json.loads(line) for line in (top / "metrics.jsonl").read_text().splitlines()],
    )


def test_a_run_tells_every_epoch_and_at_the_end_the_best_one(told):
    _, report, points = told
    assert [point["step"] for point in points] == [1, 2, 3, 4, 5, 6, 7]
    best = max(points[:-1], key=lambda point: point["val_auc"])
    assert points[-1] == best | {"step": 7}
    assert (report["epoch"], report["val_auc"]) == (best["step"], best["val_auc"])
    assert best["val_auc"] > points[-2]["val_auc"]  # else the test would not show which one is kept


def test_a_run_names_its_dataset_and_saves_the_test_scores_of_the_best_epoch(told, curated):
    top, report, _ = told
    folder = top / "results/linear_lr_1e-1/seed1"
    assert sorted(p.name for p in folder.iterdir()) == [
        "history.json",
        "metrics.json",
        "predictions.npz",
    ]
    assert json.loads((folder / "metrics.json").read_text())["data_digest"] == load(curated).digest
    assert (report["exp"], report["seed"], report["lr"]) == ("linear_lr_1e-1", 1, 0.1)
    with np.load(folder / "predictions.npz", allow_pickle=False) as saved:
        assert saved["ids"].tolist() == load(curated).ecg_ids[load(curated).splits["test"]].tolist()
        assert saved["pred"].shape == saved["true"].shape == (16, 5)
        assert not np.array_equal(saved["pred"], saved["val_pred"])
        each = [roc_auc_score(saved["val_true"][:, k], saved["val_pred"][:, k]) for k in range(5)]
    assert np.mean(each) == pytest.approx(report["val_auc"])


def test_its_evaluation_lists_age_bands_from_young_to_old(told, curated, tmp_path):
    predictions = told[0] / "results/linear_lr_1e-1/seed1/predictions.npz"
    evaluate(
        EvaluateSpec(
            predictions=(predictions,), data=curated, bootstrap=0, figures=False, out=tmp_path
        )
    )
    with (tmp_path / "subgroups.csv").open(newline="") as stream:
        ages = [row["value"] for row in csv.DictReader(stream) if row["group"] == "age"]
    assert ages == [name for _, _, name in AGE_BANDS if name in ages]
    assert ages[0] == "under 40"


@pytest.mark.parametrize("model", [*NUMPY_MODELS, *TORCH_MODELS])
def test_the_same_arguments_give_the_same_bytes(model, curated, tmp_path):
    for name in ("a", "b"):
        report_of(
            train(tmp_path / name, f"{model}_lr_1e-3", "--epochs", "1", "--data_dir", str(curated))
        )
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


@pytest.mark.parametrize(
    ("model", "slow"), [("conv", "1e-4"), pytest.param("unet", "1e-5", marks=TORCH)]
)
def test_the_learning_rate_matters(model, slow, curated, tmp_path):
    args = ("--data_dir", str(curated))
    reports = (report_of(train(tmp_path, f"{model}_lr_{rate}", *args)) for rate in (slow, "3e-3"))
    low, high = (report["val_auc"] for report in reports)
    assert high > low + 0.05


def test_the_seed_changes_the_run(curated, tmp_path):
    args = ("linear_lr_3e-3", "--epochs", "2", "--data_dir", str(curated), "--seed")
    assert (
        report_of(train(tmp_path, *args, "1"))["train_loss"]
        != report_of(train(tmp_path, *args, "2"))["train_loss"]
    )


@pytest.mark.parametrize("family", ["diag", "rhythm"])
def test_other_labels_can_be_learnt(family, curated, tmp_path):
    done = train(
        tmp_path, "linear_lr_3e-3", "--epochs", "1", "--labels", family, "--data_dir", str(curated)
    )
    if family == "rhythm":  # every generated record has the same rhythm
        assert (done.returncode, "no class of the val split can be scored" in done.stderr) == (
            2,
            True,
        )
    else:
        assert set(report_of(done)["test_auc_of_class"]) <= set(load(curated).classes[family])


@pytest.mark.parametrize(
    ("exp", "said"),
    [
        ("forest_lr_1", "with a model of: linear, conv, unet, resnet"),
        ("conv_lr_1e-3", "Make the dataset: sweeptree"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_code_2(exp, said, tmp_path):
    done = train(tmp_path, exp)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_needs_torch_says_so_where_it_is_absent(curated, tmp_path):
    (tmp_path / "torch.py").write_text(
        "raise ModuleNotFoundError('No module named torch', name='torch')"
    )
    done = train(tmp_path, "unet_lr_1e-3", "--data_dir", str(curated), PYTHONPATH=str(tmp_path))
    assert (done.returncode, "pip install -r requirements-torch.txt" in done.stderr) == (2, True)
