#!/usr/bin/env python3
"""Train a small classifier on 100 Hz PTB-XL records with numpy alone, in about a second on one core.

    python run_training.py --exp linear_lr_3e-3 --seed 1 [--data DIR] [--epochs N]

--exp is <model>_lr_<rate>. Models: linear (logistic regression on features of the signal), conv (two strided
convolutions) and unet (one skip connection), each trained with Adam on the five diagnostic superclasses. Folds 1-8
train, 9 validates, 10 tests, as PTB-XL's authors ask. Writes results/<exp>/seed<k>/ in the current folder, one JSON
object per epoch to $SWEEPTREE_METRICS when that is set, and one JSON object as the last line of stdout. The same
arguments give the same bytes.
"""

import argparse
import ast
import csv
import json
import math
import os
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy: a sweep's jobs share the cores, one thread each

import numpy as np  # noqa: E402
from networks import MODELS, Adam, Array, Model  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

CLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
LEADS, SAMPLES = 12, 1000  # ten seconds at 100 Hz
BATCH = 32


# ---------------------------------------------------------------- data
class Dataset(NamedTuple):
    """Records of one PTB-XL folder: signals (n, 12, 1000) in mV, labels (n, 5), folds and ecg ids (n,)."""

    signals: Array
    labels: Array
    folds: NDArray[np.int64]
    ids: NDArray[np.int64]


def read_record(path: Path) -> Array:
    """One WFDB record (path without suffix) as (12, 1000) mV. ValueError when it is not what its header says."""
    lines = path.with_suffix(".hea").read_text(encoding="ascii").splitlines()
    if lines[0].split()[1:4] != [str(LEADS), "100", str(SAMPLES)]:
        raise ValueError(f"{path.name}.hea: expected 12 leads, 100 Hz, 1000 samples")
    fields = [line.split() for line in lines[1 : LEADS + 1]]
    if any(f[0] != f"{path.name}.dat" or f[1] != "16" or f[2] != "1000.0(0)/mV" for f in fields):
        raise ValueError(f"{path.name}.hea: expected format 16 in {path.name}.dat at 1000 units per mV")
    raw = path.with_suffix(".dat").read_bytes()
    if len(raw) != 2 * LEADS * SAMPLES:
        raise ValueError(f"{path.name}.dat: {len(raw)} bytes, expected {2 * LEADS * SAMPLES}")
    values = np.frombuffer(raw, "<i2").reshape(SAMPLES, LEADS)
    expected = np.array([int(f[6]) for f in fields]) % 65536  # WFDB: the sum of a lead's samples modulo 65536
    if not np.array_equal(values.sum(0, dtype=np.int64) % 65536, expected):
        raise ValueError(f"{path.name}.dat: checksum differs from the header's")
    return np.ascontiguousarray(values.T, dtype=np.float32) / np.float32(1000)


def superclass_of(folder: Path) -> dict[str, str]:
    """SCP code to superclass, from scp_statements.csv; statements of form and rhythm have none."""
    with (folder / "scp_statements.csv").open(newline="", encoding="utf-8") as file:
        return {row[""]: row["diagnostic_class"] for row in csv.DictReader(file) if row["diagnostic"] == "1.0"}


def label_row(scp_codes: str, superclass: dict[str, str]) -> list[float]:
    """The five labels of one record. The column is Python text: parsed as a literal, never evaluated."""
    found = {superclass.get(code) for code in ast.literal_eval(scp_codes)}
    return [float(name in found) for name in CLASSES]


def load(folder: Path) -> Dataset:
    """Every readable 100 Hz record that the table names; unreadable ones are told on stderr and left out."""
    superclass = superclass_of(folder)
    signals, labels, keys = [], [], []
    with (folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not re.fullmatch(r"records100/\d{5}/\d{5}_lr", row["filename_lr"]):
                raise ValueError(f"ptbxl_database.csv: strange file name {row['filename_lr']!r}")
            try:
                label = label_row(row["scp_codes"], superclass)
                signal = read_record(folder / row["filename_lr"])
            except (OSError, ValueError, SyntaxError) as error:
                print(f"record {row['ecg_id']} left out: {error}", file=sys.stderr)
                continue
            signals.append(signal)
            labels.append(label)
            keys.append((int(row["strat_fold"]), int(row["ecg_id"])))
    if not keys:
        raise ValueError(f"no readable record in {folder}")
    folds, ids = np.array(keys, np.int64).T
    return Dataset(np.stack(signals), np.array(labels, np.float32), folds, ids)


# ---------------------------------------------------------------- features of the linear model
def beat_starts(signal: Array) -> NDArray[np.int64]:
    """Sample numbers of the heart beats of one record: peaks of the slope, at least 0.3 s apart."""
    slope = np.convolve(np.abs(np.diff(signal)).sum(0), np.ones(5) / 5, "same")
    padded = np.pad(slope, 15, constant_values=-1)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 31).max(1)
    peaks = np.flatnonzero((slope == highest) & (slope > 0.4 * np.percentile(slope, 98)))
    return peaks[(peaks >= 30) & (peaks < SAMPLES - 50)]


def median_beat(signal: Array) -> Array:
    """The record's typical beat, (12, 40) mV at 50 Hz; zeros when no beat was found."""
    starts = beat_starts(signal)
    if not len(starts):
        return np.zeros((LEADS, 40), np.float32)
    beats = np.stack([signal[:, s - 30 : s + 50] for s in starts])
    beat: Array = np.median(beats, axis=0).astype(np.float32).reshape(LEADS, 40, 2).mean(2)
    return beat - np.median(beat, axis=1, keepdims=True)


def features(signals: Array) -> Array:
    """What the linear model sees, (n, 672): median beat, spectrum in eight bands, amplitude quantiles."""
    beats = np.stack([median_beat(s) for s in signals]).reshape(len(signals), -1)
    power = np.abs(np.fft.rfft(signals, axis=2))[:, :, 5:405] ** 2  # 0.5 to 40.5 Hz
    bands = np.log(power.reshape(len(signals), LEADS, 8, 50).mean(3) + 1e-3)
    ordered = np.sort(signals, axis=2)[:, :, [5, 20, 50, 200, 800, 950, 980, 995]]
    parts = (beats, bands.reshape(len(signals), -1), ordered.reshape(len(signals), -1))
    return np.concatenate(parts, axis=1).astype(np.float32)


# ---------------------------------------------------------------- training
def sigmoid(x: Array) -> Array:
    """Logits to probabilities."""
    return (1 / (1 + np.exp(-np.clip(x, -30, 30)))).astype(np.float32)


def loss(labels: Array, scores: Array) -> float:
    """Mean binary cross-entropy of probabilities."""
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    return float(-(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean())


def auc(truth: Array, score: Array) -> float:
    """Area under the ROC curve of one class; ties count half; NaN when a class is empty."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = truth > 0
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def macro_auc(labels: Array, scores: Array) -> float:
    """Mean AUC of the classes that occur and do not always occur."""
    each = np.array([auc(labels[:, k], scores[:, k]) for k in range(labels.shape[1])])
    return float(each[~np.isnan(each)].mean()) if not np.isnan(each).all() else float("nan")


def inputs_of(model: str, data: Dataset) -> Array:
    """The model's input, scaled by the training folds only: features, or signals at 50 Hz."""
    x = features(data.signals) if model == "linear" else data.signals.reshape(-1, LEADS, 500, 2).mean(3)
    axes = (0,) if model == "linear" else (0, 2)
    train = x[data.folds <= 8]
    scaled: Array = (x - train.mean(axes, keepdims=True)) / (train.std(axes, keepdims=True) + 1e-6)
    return np.clip(scaled, -8, 8).astype(np.float32)


def train_epoch(net: Model, optimiser: Adam, x: Array, y: Array, rng: np.random.Generator) -> float:
    """One pass over x in a new order. Returns the mean loss of its batches."""
    order = rng.permutation(len(x))
    losses = []
    for batch in np.array_split(order, max(1, len(x) // BATCH)):
        scores = sigmoid(net.forward(x[batch]))
        losses.append(loss(y[batch], scores))
        net.backward((scores - y[batch]) / np.float32(len(batch)))
        optimiser.step()
    return sum(losses) / len(losses)


def tell(point: dict[str, float]) -> None:
    """One epoch's figures: to the log, and as a JSON line to $SWEEPTREE_METRICS."""
    print(" ".join(f"{name}={value:.4g}" for name, value in point.items()), flush=True)
    if path := os.environ.get("SWEEPTREE_METRICS"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(point) + "\n")


def write_results(folder: Path, report: dict[str, object], history: list[dict[str, float]]) -> None:
    """metrics.json and history.json, the latter one list per figure."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {name: [point[name] for point in history] for name in history[0]}
    (folder / "metrics.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (folder / "history.json").write_text(json.dumps(lists, indent=1) + "\n", encoding="utf-8")


def write_predictions(path: Path, net: Model, x: Array, data: Dataset) -> dict[str, float]:
    """predictions.npz for folds 9 and 10 (no pickle inside). Returns each class's AUC on fold 10, where it has one."""
    val, test = data.folds == 9, data.folds == 10
    scores = {"val": sigmoid(net.forward(x[val])), "test": sigmoid(net.forward(x[test]))}
    np.savez(
        path,
        classes=np.array(CLASSES),
        val_id=data.ids[val],
        val_true=data.labels[val],
        val_pred=scores["val"],
        test_id=data.ids[test],
        test_true=data.labels[test],
        test_pred=scores["test"],
    )
    each = {name: auc(data.labels[test][:, k], scores["test"][:, k]) for k, name in enumerate(CLASSES)}
    return {name: value for name, value in each.items() if not math.isnan(value)}


def fit(net: Model, x: Array, data: Dataset, options: argparse.Namespace) -> list[dict[str, float]]:
    """Train on folds 1-8. Returns the figures of every epoch, told as they come."""
    train, val = data.folds <= 8, data.folds == 9
    optimiser = Adam(net.layers, options.rate)
    rng = np.random.default_rng([options.seed, 1])
    history = []
    for epoch in range(1, options.epochs + 1):
        mean_loss = train_epoch(net, optimiser, x[train], data.labels[train], rng)
        scores = sigmoid(net.forward(x[val]))
        figures = {"val_loss": loss(data.labels[val], scores), "val_auc": macro_auc(data.labels[val], scores)}
        history.append({"step": epoch, "train_loss": mean_loss, **figures})
        tell(history[-1])
    return history


def run(options: argparse.Namespace) -> dict[str, object]:
    """Load, train, write results/<exp>/seed<k>/. Returns the report that ends stdout."""
    started = time.monotonic()
    data = load(options.data)
    if not all((data.folds == fold).any() for fold in (1, 9, 10)):
        raise ValueError(f"{options.data}: folds 1, 9 and 10 must each hold a record; take more records")
    x = inputs_of(options.model, data)
    net = MODELS[options.model](x.shape[1], len(CLASSES), np.random.default_rng([options.seed, 0]))
    history = fit(net, x, data, options)
    folder = Path("results") / options.exp / f"seed{options.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    each = write_predictions(folder / "predictions.npz", net, x, data)
    report: dict[str, object] = {"exp": options.exp, "model": options.model, "lr": options.rate, "seed": options.seed}
    report |= {name: history[-1][name] for name in ("train_loss", "val_loss", "val_auc")}
    report |= {"test_auc": sum(each.values()) / max(1, len(each)), "test_auc_of_class": each}
    write_results(folder, report, history)
    return report | {"records": len(data.ids), "seconds": round(time.monotonic() - started, 3)}


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line; --exp is taken apart into `model` and `rate`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exp", required=True, help="linear_lr_3e-3, conv_lr_1e-3, unet_lr_3e-4 ...")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SWEEPTREE_PTBXL", "data/ptb-xl")))
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args(argv)
    named = re.fullmatch(r"([a-z]+)_lr_(\d+(?:\.\d+)?(?:e-?\d+)?)", options.exp)
    if not named or named[1] not in MODELS or float(named[2]) <= 0:
        parser.error(f"--exp {options.exp!r} is not <model>_lr_<rate> with a model of: {', '.join(MODELS)}")
    if options.epochs < 1 or options.seed < 0:
        parser.error("--epochs must be 1 or more, --seed 0 or more")
    options.model, options.rate = named[1], float(named[2])
    return options


def main() -> int:
    """Run once. Exit code 2 with one sentence when the data cannot be used."""
    options = parse(sys.argv[1:])
    try:
        report = run(options)
    except (OSError, ValueError) as error:
        print(f"cannot train: {error}\nMake a data folder: python prepare_data.py {options.data}", file=sys.stderr)
        return 2
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
