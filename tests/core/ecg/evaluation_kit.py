"""What the tests of the Diagnostic Evaluator share."""

import csv
import json

import numpy as np

from sweeptree.ecg import EvaluateSpec, load
from sweeptree.ecg.evaluate import evaluate
from sweeptree.ecg.evaluate.judge import Options, Verdict
from sweeptree.ecg.evaluate.judge import judge as judge_one
from sweeptree.ecg.evaluate.predictions import Part, Predictions, Waves
from sweeptree.ecg.evaluate.units import scale_of
from sweeptree.ecg.evaluate.waves import WaveVerdict, judge_waves
from sweeptree.model import JobRecord


def judge(*paths, **options):
    return evaluate(
        EvaluateSpec(predictions=paths, **({"bootstrap": 50, "figures": False} | options))
    )


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def arrays(n=80, k=3, seed=0, strength=1.5):
    rng = np.random.default_rng(5)
    true = (rng.random((n, k)) < [0.5, 0.3, 0.2][:k]).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(size=(n, k))
    pred = 1 / (1 + np.exp(-(true * strength + noise - 1)))
    half = n // 2
    return {
        "classes": np.array(["A", "B", "C"][:k]),
        "ids": np.arange(half),
        "true": true[:half],
        "pred": pred[:half],
        "val_ids": np.arange(half, n),
        "val_true": true[half:],
        "val_pred": pred[half:],
    }


def save(folder, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    values = {k: v for k, v in (arrays() | changes).items() if v is not None}
    np.savez(folder / "predictions.npz", **values)
    return folder


def on_dataset(processed, folder, **changes):
    data = load(processed)
    test, val = data.splits["test"], data.splits["val"]
    y = data.labels["super"]
    rng = np.random.default_rng(1)
    values = {
        "classes": np.array(data.classes["super"]),
        "ids": data.ecg_ids[test],
        "true": y[test],
        "pred": rng.random((len(test), 5)),
        "val_ids": None,
        "val_pred": None,
        "val_true": None,
    }
    assert len(val) == 2
    return save(folder, **(values | changes))


def of_job(folder, job, digest):
    """A run in the artifacts of a job whose record names the dataset."""
    save(folder / f"job_{job}" / "artifacts")
    record = JobRecord(id=job, params={"lr": job}, seed=1, data_digest=digest)
    (folder / f"job_{job}.meta.json").write_text(record.model_dump_json())


def waves(processed, folder, noise=0.01, record_ids=None):
    folder.mkdir(parents=True, exist_ok=True)
    true = np.load(processed / "test_target.npy")
    np.save(folder / "y_true.npy", true)
    np.save(
        folder / "y_pred.npy",
        true + np.random.default_rng(0).normal(0, noise, true.shape).astype(np.float32),
    )
    if record_ids is not None:
        np.save(folder / "ids.npy", record_ids)
    return folder


def signals(processed, rate=500):
    """The dataset's own test records in microvolts, (records, leads, samples)."""
    data = load(processed)
    return data.signals[rate][data.splits["test"]].astype(float).transpose(0, 2, 1).copy()


def verdict(**changes) -> Verdict:
    """The verdict of one run of three classes, without intervals."""
    values = arrays() | changes
    test = Part(values["ids"], values["true"], values["pred"])
    val = Part(values["val_ids"], values["val_true"], values["val_pred"])
    run = Predictions("run", tuple(map(str, values["classes"])), test, val)
    return judge_one(run, None, Options(0, "reject", 0.95, False, 0), None)


def wave_verdict(leads=12) -> WaveVerdict:
    """The verdict of one run of signals, in the unit as saved."""
    true = np.random.default_rng(0).normal(size=(3, leads, 500))
    run = Waves("run", None, true, true + 0.1)
    return judge_waves(run, scale_of(run, None), None, 0.95)
