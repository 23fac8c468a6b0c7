#!/usr/bin/env python3
"""Train a small classifier on a curated PTB-XL (`sweeptree curate`), in seconds on one core.

    python run_training.py --exp linear_lr_3e-3 --seed 1 [--data_dir data/processed] [--epochs N]
    [--batch_size 32]

--exp is <model>_lr_<rate>. With numpy alone: linear (logistic regression on features of the
signal), conv (two strided convolutions). With torch (requirements-torch.txt): unet, resnet (1-D).
Reads signals_100.npy memory-mapped, trains on the training split and keeps the epoch with the best
macro AUC on the validation split. Writes
results/<exp>/seed<k>/{predictions.npz,metrics.json,history.json}, one JSON object per epoch to
$SWEEPTREE_METRICS when that is set (the last one again of the kept epoch), and one JSON object as
the last line of stdout. The same arguments give the same bytes.
"""

import argparse
import json
import math
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
):
    os.environ.setdefault(
        _name, "1"
    )  # before numpy: a sweep's jobs share the cores, one thread each

import numpy as np  # noqa: E402
from features import LEADS, SAMPLES, features  # noqa: E402
from networks import Array, NumpyLearner, loss  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

EPOCHS = {"linear": 20, "conv": 20, "unet": 8, "resnet": 8}
NEED_TORCH = ("unet", "resnet")
BLOCK = 256  # records that are looked at together: memory stays small however long the dataset is
Rows = NDArray[np.int64]


# ---------------------------------------------------------------- data
class Data(NamedTuple):
    """A curated dataset of n records at 100 Hz.

    signals int16 (n, 1000, 12) in microvolts, memory-mapped; labels (n, k); ids (n,); splits: row
    numbers of train, val and test; mean and std (12,) of the training split in microvolts; digest:
    what names this exact content.
    """

    signals: NDArray[np.int16]
    labels: Array
    classes: list[str]
    ids: NDArray[np.int64]
    splits: dict[str, Rows]
    mean: Array
    std: Array
    digest: str


def load(folder: Path, family: str) -> Data:
    """Open the files that `sweeptree curate` made.

    OSError, ValueError or KeyError when they are not those.
    """
    signals = np.load(folder / "signals_100.npy", mmap_mode="r", allow_pickle=False)
    with np.load(folder / "labels.npz", allow_pickle=False) as file:
        labels, ids = file[f"y_{family}"].astype(np.float32), file["ecg_id"]
        classes = [str(name) for name in file[f"classes_{family}"]]
    if signals.shape != (len(ids), SAMPLES, LEADS):
        raise ValueError(f"signals_100.npy has the shape {signals.shape} for {len(ids)} records")
    row_of = {int(ecg_id): row for row, ecg_id in enumerate(ids)}
    named = read_json(folder / "splits.json")
    splits = {
        name: np.array([row_of[i] for i in named[name]], np.int64)
        for name in ("train", "val", "test")
    }
    if not all(map(len, splits.values())):
        raise ValueError("a split holds no record; curate more of them")
    stats = read_json(folder / "stats.json")["100"]
    mean, std = (np.array(stats[name], np.float32) for name in ("mean", "std"))
    digest = str(read_json(folder / "manifest.json")["digest"])
    return Data(signals, labels, classes, ids, splits, mean, std, digest)


def read_json(path: Path) -> dict[str, Any]:
    """One of the dataset's JSON files."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


class Inputs(Protocol):
    """What a model sees of some records."""

    channels: int

    def of(self, rows: Rows) -> Array: ...


class Signals:
    """(n, 12, t): signals scaled by the training split, `factor` samples averaged into one."""

    channels = LEADS

    def __init__(self, data: Data, factor: int) -> None:
        self.data, self.factor = data, factor

    def of(self, rows: Rows) -> Array:
        scaled = (self.data.signals[rows] - self.data.mean) / (self.data.std + 1)
        parts = np.clip(scaled, -8, 8).reshape(len(rows), -1, self.factor, LEADS)
        return np.ascontiguousarray(parts.mean(2).transpose(0, 2, 1), np.float32)


class Features:
    """(n, c): features of the signals, worked out once and scaled by the training split."""

    def __init__(self, data: Data) -> None:
        blocks = (
            data.signals[i : i + BLOCK].astype(np.float32)
            for i in range(0, len(data.signals), BLOCK)
        )
        found = np.concatenate(
            [features(block.transpose(0, 2, 1) / np.float32(1000)) for block in blocks]
        )
        train = found[data.splits["train"]]
        self.values: Array = np.clip((found - train.mean(0)) / (train.std(0) + 1e-6), -8, 8).astype(
            np.float32
        )
        self.channels = found.shape[1]

    def of(self, rows: Rows) -> Array:
        return self.values[rows]


# ---------------------------------------------------------------- training
class Learner(Protocol):
    """A model with its optimiser."""

    def learn(self, x: Array, y: Array) -> float: ...
    def scores(self, x: Array) -> Array: ...


def inputs_of(model: str, data: Data) -> Inputs:
    """Features for linear; signals at 50 Hz for conv, which has no pooling to spare; else at 100
    Hz."""
    return Features(data) if model == "linear" else Signals(data, 2 if model == "conv" else 1)


def learner_of(options: argparse.Namespace, channels: int, classes: int) -> Learner:
    """A new model. torch is imported only for a model that needs it."""
    if options.model not in NEED_TORCH:
        return NumpyLearner(options.model, channels, classes, rate=options.rate, seed=options.seed)
    from torch_networks import TorchLearner

    return TorchLearner(options.model, channels, classes, rate=options.rate, seed=options.seed)


def auc(truth: Array, score: Array) -> float:
    """Area under the ROC curve of one class; ties count half; NaN when a class is empty."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = truth > 0
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def auc_of_class(data: Data, split: str, scores: Array) -> dict[str, float]:
    """AUC of the classes that occur in a split and do not always occur.

    ValueError when there is none.
    """
    labels = data.labels[data.splits[split]]
    each = {name: auc(labels[:, k], scores[:, k]) for k, name in enumerate(data.classes)}
    known = {name: value for name, value in each.items() if not math.isnan(value)}
    if not known:
        raise ValueError(f"no class of the {split} split can be scored; curate more records")
    return known


def mean_of(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)


def scores_of(learner: Learner, inputs: Inputs, rows: Rows) -> Array:
    """Probabilities of some records, block by block."""
    return np.concatenate(
        [learner.scores(inputs.of(rows[i : i + BLOCK])) for i in range(0, len(rows), BLOCK)]
    )


def train_epoch(
    learner: Learner, inputs: Inputs, data: Data, order: Rows, batch_size: int
) -> float:
    """One pass over the records in this order. Returns the mean loss of the batches."""
    batches = np.array_split(order, max(1, len(order) // batch_size))
    return sum(learner.learn(inputs.of(rows), data.labels[rows]) for rows in batches) / len(batches)


class Fitted(NamedTuple):
    """Figures of every epoch, those of the kept one, and its probabilities on the validation and
    test splits."""

    history: list[dict[str, float]]
    kept: dict[str, float]
    scores: dict[str, Array]


def fit(learner: Learner, inputs: Inputs, data: Data, options: argparse.Namespace) -> Fitted:
    """Train, telling the figures of every epoch as they come, and keep the epoch with the best
    validation AUC."""
    rng = np.random.default_rng([options.seed, 1])
    history: list[dict[str, float]] = []
    kept: dict[str, float] = {}
    scores: dict[str, Array] = {}
    for epoch in range(1, options.epochs + 1):
        order = rng.permutation(data.splits["train"])
        train_loss = train_epoch(learner, inputs, data, order, options.batch_size)
        val = scores_of(learner, inputs, data.splits["val"])
        val_loss = loss(data.labels[data.splits["val"]], val)
        point = {"step": epoch, "train_loss": train_loss, "val_loss": val_loss}
        history.append(point | {"val_auc": mean_of(auc_of_class(data, "val", val))})
        tell(history[-1])
        if not kept or history[-1]["val_auc"] > kept["val_auc"]:
            kept, scores = (
                history[-1],
                {"val": val, "test": scores_of(learner, inputs, data.splits["test"])},
            )
    tell(
        kept | {"step": options.epochs + 1}
    )  # sweeptree ranks by the last value: that of what was kept
    return Fitted(history, kept, scores)


# ---------------------------------------------------------------- results
def tell(point: dict[str, float]) -> None:
    """One epoch's figures: to the log, and as a JSON line to $SWEEPTREE_METRICS."""
    print(" ".join(f"{name}={value:.4g}" for name, value in point.items()), flush=True)
    if path := os.environ.get("SWEEPTREE_METRICS"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(point) + "\n")


def write_results(folder: Path, report: dict[str, object], fitted: Fitted, data: Data) -> None:
    """metrics.json, history.json (a list per figure), and predictions.npz as `sweeptree evaluate`
    reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {name: [point[name] for point in fitted.history] for name in fitted.history[0]}
    (folder / "metrics.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (folder / "history.json").write_text(json.dumps(lists, indent=1) + "\n", encoding="utf-8")
    arrays: dict[str, Any] = {"classes": np.array(data.classes)}
    for prefix, split in (("", "test"), ("val_", "val")):
        rows = data.splits[split]
        arrays |= {
            f"{prefix}ids": data.ids[rows],
            f"{prefix}true": data.labels[rows].astype(np.uint8),
        }
        arrays[f"{prefix}pred"] = fitted.scores[split]
    np.savez(folder / "predictions.npz", **arrays)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Load, train, write results/<exp>/seed<k>/. Returns the report that ends stdout."""
    started = time.monotonic()
    data = load(options.data_dir, options.labels)
    inputs = inputs_of(options.model, data)
    fitted = fit(learner_of(options, inputs.channels, len(data.classes)), inputs, data, options)
    each = auc_of_class(data, "test", fitted.scores["test"])
    report: dict[str, object] = {
        "exp": options.exp,
        "model": options.model,
        "lr": options.rate,
        "seed": options.seed,
    }
    report |= {"data_digest": data.digest, "epoch": fitted.kept["step"]}
    report |= {name: fitted.kept[name] for name in ("train_loss", "val_loss", "val_auc")}
    report |= {"test_auc": mean_of(each), "test_auc_of_class": each}
    write_results(Path("results") / options.exp / f"seed{options.seed}", report, fitted, data)
    return report | {"records": len(data.ids), "seconds": round(time.monotonic() - started, 3)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--exp",
        required=True,
        help="linear_lr_3e-3, conv_lr_1e-3, unet_lr_3e-3, resnet_lr_3e-3 ...",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data_dir", type=Path, default=Path("data/processed"))
    parser.add_argument(
        "--labels", default="super", choices=("super", "sub", "diag", "form", "rhythm", "all")
    )
    defaults = ", ".join(f"{model} {epochs}" for model, epochs in EPOCHS.items())
    parser.add_argument("--epochs", type=int, help=f"default: {defaults}")
    parser.add_argument("--batch_size", type=int, default=32)
    return parser


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line; --exp is taken apart into `model` and `rate`."""
    parser = _parser()
    options = parser.parse_args(argv)
    named = re.fullmatch(r"([a-z]+)_lr_(\d+(?:\.\d+)?(?:e-?\d+)?)", options.exp)
    if not named or named[1] not in EPOCHS or float(named[2]) <= 0:
        parser.error(
            f"--exp {options.exp!r} is not <model>_lr_<rate> with a model of: {', '.join(EPOCHS)}"
        )
    options.model, options.rate = named[1], float(named[2])
    options.epochs = EPOCHS[options.model] if options.epochs is None else options.epochs
    if options.epochs < 1 or options.batch_size < 1 or options.seed < 0:
        parser.error("--epochs and --batch_size must be 1 or more, --seed 0 or more")
    return options


def main() -> int:
    """Run once. Exit code 2 with what is wrong and the next command when it cannot be run."""
    options = parse(sys.argv[1:])
    try:
        report = run(options)
    except ModuleNotFoundError as error:
        hint = "pip install -r requirements-torch.txt (linear and conv do without it)"
        print(f"{options.model} needs {error.name}: {hint}", file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError) as error:
        print(
            f"cannot train: {error}\nMake the dataset: sweeptree curate --out {options.data_dir}",
            file=sys.stderr,
        )
        return 2
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
