#!/usr/bin/env python3
"""Train a classifier on a curated dataset (`sweeptree curate`) with numpy alone, in seconds on one core.

    python run_training.py --exp linear_lr_3e-2 --seed 1 [--data_dir data/processed] [--epochs 30] [--batch_size 32]

--exp is linear_lr_<rate>: logistic regression on the shape of the mean beat's leads and on their spectra. Reads
signals_100.npy, labels.npz and splits.json as they are (memory-mapped, read-only), trains on the training split, keeps
the epoch with the best macro AUC on the validation split, and writes results/<exp>/seed<k>/{predictions.npz,
metrics.json,history.json}. metrics.json names the dataset's digest. The same arguments give the same bytes.
"""

import argparse
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy: a sweep's jobs share the cores, one thread each

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

Array = NDArray[np.float64]
BANDS, HIGHEST_HZ = 24, 40


class Data(NamedTuple):
    """Features (n, d), labels (n, k), class names, ecg_ids (n,), row numbers per split, and the dataset's digest."""

    features: Array
    labels: Array
    classes: list[str]
    ids: NDArray[np.int64]
    splits: dict[str, NDArray[np.int64]]
    digest: str


def features(signals: NDArray[np.int16]) -> Array:
    """Per lead: spread, extremes and steepness in mV, and the logarithm of the power in 24 bands up to 40 Hz."""
    x = np.asarray(signals, np.float64) / 1000
    x = x - np.median(x, axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(x, axis=1))[:, 1 : HIGHEST_HZ * 10 + 1] ** 2
    bands = [b.mean(axis=1) for b in np.array_split(power, BANDS, axis=1)]
    high, low = np.quantile(x, 0.995, axis=1), np.quantile(x, 0.005, axis=1)
    parts = [x.std(axis=1), high, low, np.abs(np.diff(x, axis=1)).mean(axis=1), *(np.log(b + 1e-6) for b in bands)]
    return np.concatenate(parts, axis=1)


def load(folder: Path, family: str) -> Data:
    """The curated dataset; features are scaled by mean and spread of the training split."""
    signals = np.load(folder / "signals_100.npy", mmap_mode="r", allow_pickle=False)
    with np.load(folder / "labels.npz", allow_pickle=False) as file:
        labels, ids = file[f"y_{family}"].astype(np.float64), file["ecg_id"]
        classes = [str(name) for name in file[f"classes_{family}"]]
    row_of = {int(ecg_id): row for row, ecg_id in enumerate(ids)}
    named = json.loads((folder / "splits.json").read_text())
    splits = {name: np.array([row_of[i] for i in members]) for name, members in named.items()}
    found = np.concatenate([features(signals[i : i + 256]) for i in range(0, len(signals), 256)])
    train = found[splits["train"]]
    digest = json.loads((folder / "manifest.json").read_text())["digest"]
    return Data((found - train.mean(0)) / (train.std(0) + 1e-9), labels, classes, ids, splits, digest)


def macro_auc(y: Array, p: Array) -> float:
    """Mean over the classes that have both kinds of records; ties count a half."""
    values = []
    for t, s in zip(y.T > 0, p.T, strict=True):
        _, place, count = np.unique(s, return_inverse=True, return_counts=True)
        rank = (np.cumsum(count) - (count - 1) / 2)[place]
        m = int(t.sum())
        if 0 < m < len(t):
            values.append((rank[t].sum() - m * (m + 1) / 2) / (m * (len(t) - m)))
    return float(np.mean(values))


def predict(x: Array, weights: Array, bias: Array) -> Array:
    """Probabilities (n, k)."""
    return 1 / (1 + np.exp(-np.clip(x @ weights + bias, -30, 30)))


def train(data: Data, options: argparse.Namespace, rate: float) -> tuple[Array, Array, list[dict[str, float]]]:
    """Stochastic gradient descent; the weights of the epoch with the best validation AUC, and the history."""
    rng = np.random.default_rng(options.seed)
    x, y = data.features, data.labels
    weights = rng.normal(0, 0.01, (x.shape[1], y.shape[1]))
    bias = np.zeros(y.shape[1])
    best, kept, history = -1.0, (weights, bias), []
    for epoch in range(1, options.epochs + 1):
        order = rng.permutation(data.splits["train"])
        for first in range(0, len(order), options.batch_size):
            batch = order[first : first + options.batch_size]
            error = (predict(x[batch], weights, bias) - y[batch]) / len(batch)
            weights = weights - rate * (x[batch].T @ error + 1e-3 * weights)
            bias = bias - rate * error.sum(0)
        entry = {"step": epoch, "train_loss": loss(data, "train", weights, bias), **validate(data, weights, bias)}
        history.append(entry)
        report(entry)
        if entry["val_auc"] > best:
            best, kept = entry["val_auc"], (weights, bias)
    report({"step": options.epochs + 1, "train_loss": loss(data, "train", *kept), **validate(data, *kept)})
    return *kept, history


def loss(data: Data, split: str, weights: Array, bias: Array) -> float:
    """Mean cross-entropy of a split."""
    rows = data.splits[split]
    p = np.clip(predict(data.features[rows], weights, bias), 1e-9, 1 - 1e-9)
    y = data.labels[rows]
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def validate(data: Data, weights: Array, bias: Array) -> dict[str, float]:
    """Loss and macro AUC of the validation split."""
    rows = data.splits["val"]
    auc = macro_auc(data.labels[rows], predict(data.features[rows], weights, bias))
    return {"val_loss": loss(data, "val", weights, bias), "val_auc": auc}


def report(entry: dict[str, float]) -> None:
    """One line per epoch for sweeptree, where it asks for metrics; the last line is of the weights that are kept."""
    path = os.environ.get("SWEEPTREE_METRICS")
    if path:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")


def save(data: Data, out: Path, weights: Array, bias: Array) -> None:
    """predictions.npz in the form that `sweeptree evaluate` reads."""
    test, val = data.splits["test"], data.splits["val"]
    p = predict(data.features, weights, bias)
    np.savez(
        out / "predictions.npz",
        classes=np.array(data.classes),
        ids=data.ids[test],
        true=data.labels[test].astype(np.uint8),
        pred=p[test],
        val_ids=data.ids[val],
        val_true=data.labels[val].astype(np.uint8),
        val_pred=p[val],
    )


def main() -> None:
    """Train once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exp", required=True, help="linear_lr_<rate>")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data_dir", type=Path, default=Path("data/processed"))
    parser.add_argument("--labels", default="super", choices=("super", "sub", "diag", "form", "rhythm", "all"))
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch_size", type=int, default=32)
    options = parser.parse_args()
    match = re.fullmatch(r"linear_lr_([0-9.]+(?:e-?\d+)?)", options.exp)
    if not match:
        parser.error(f"--exp {options.exp} is not linear_lr_<rate>")
    data = load(options.data_dir, options.labels)
    weights, bias, history = train(data, options, float(match[1]))
    out = Path("results") / options.exp / f"seed{options.seed}"
    out.mkdir(parents=True, exist_ok=True)
    save(data, out, weights, bias)
    rows = data.splits["test"]
    result = {
        "exp": options.exp,
        "seed": options.seed,
        "lr": float(match[1]),
        "data_digest": data.digest,
        "val_auc": max(entry["val_auc"] for entry in history),
        "test_auc": macro_auc(data.labels[rows], predict(data.features[rows], weights, bias)),
    }
    (out / "metrics.json").write_text(json.dumps(result) + "\n")
    (out / "history.json").write_text(json.dumps({k: [h[k] for h in history] for k in history[0]}) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
