"""Reading data/processed: arrays as memory maps, labels, splits and the table, with checked shapes.

Nothing is unpickled. Works where the folder is read-only or a link.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sweeptree.errors import UsageError

MANIFEST = "manifest.json"
SPLITS = ("train", "val", "test")
_HASHED = frozenset({"labels.npz", "records.csv", "splits.json", "stats.json"})
"""What scores depend on."""
_MAX_JSON = 64 * 1024 * 1024
_NOT_WHOLE = (OSError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A curated dataset of N records, in the order of `ecg_ids`.

    signals   rate (Hz) -> int16 memory map (N, samples, 12), microvolts, leads I II III aVR aVL
              aVF V1..V6; divide by np.float32(1000) for millivolts (multiplying by 0.001 rounds
              differently)
    labels    family -> uint8 (N, classes); families: all diag sub super form rhythm
    classes   family -> class names, in column order
    likelihood  float32 (N, 71) in percent, NaN where the code is not given, 0 where it is given
              without one
    splits    train, val, test -> row numbers
    rows      the table as text, one mapping per record
    stats     of the training folds, in microvolts, per rate:
              {"mean": [12], "std": [12], "mean_all": x, "std_all": x}
    """

    folder: Path
    manifest: Mapping[str, Any]
    ecg_ids: NDArray[np.int64]
    signals: Mapping[int, NDArray[np.int16]]
    labels: Mapping[str, NDArray[np.uint8]]
    classes: Mapping[str, tuple[str, ...]]
    likelihood: NDArray[np.float32]
    splits: Mapping[str, NDArray[np.int64]]
    rows: tuple[Mapping[str, str], ...]
    stats: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """What names this exact content; runs with different digests are not comparable."""
        return str(self.manifest["digest"])

    def row_numbers(self, ids: Iterable[int]) -> list[int]:
        """Where these records stand in the arrays. Raises KeyError for one that is not here."""
        number_of = {int(ecg_id): number for number, ecg_id in enumerate(self.ecg_ids)}
        return [number_of[int(ecg_id)] for ecg_id in ids]

    def rows_of(self, ids: Iterable[int]) -> list[Mapping[str, str]]:
        """These records' rows of the table. Raises KeyError for one that is not here."""
        return [self.rows[number] for number in self.row_numbers(ids)]

    def patients_of(self, ids: Iterable[int]) -> list[str]:
        """These records' patients; a record without one counts as a patient of its own."""
        rows = self.rows_of(ids)
        return [row["patient_id"] or f"record {row['ecg_id']}" for row in rows]


def load(folder: Path | str) -> Dataset:
    """Open data/processed. Raises UsageError when it is no curated dataset or not whole."""
    root = Path(folder)
    manifest = read_json(root / MANIFEST)
    try:
        return _load(root, manifest)
    except _NOT_WHOLE as error:
        raise UsageError(
            f"{root} is not a whole curated dataset: {error}",
            hint="make it anew: sweeptree curate --recheck",
        ) from error


def _load(root: Path, manifest: Mapping[str, Any]) -> Dataset:
    _check_outputs(root, manifest["outputs"])
    rows = _rows(root / "records.csv")
    ecg_ids = np.array([int(row["ecg_id"]) for row in rows], np.int64)
    with np.load(root / "labels.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if not (arrays["ecg_id"] == ecg_ids).all():
        raise ValueError("labels.npz and records.csv differ in their records")
    families = _families(arrays)
    rates = [int(rate) for rate in manifest["rates"]]
    return Dataset(
        folder=root,
        manifest=manifest,
        ecg_ids=ecg_ids,
        signals={rate: _signals(root, len(rows), rate) for rate in rates},
        labels={name: arrays[f"y_{name}"] for name in families},
        classes={name: tuple(map(str, arrays[f"classes_{name}"])) for name in families},
        likelihood=arrays["likelihood"],
        splits=_splits(root, ecg_ids),
        rows=rows,
        stats=read_json(root / "stats.json"),
    )


def _families(arrays: Iterable[str]) -> list[str]:
    return [name.removeprefix("y_") for name in arrays if name.startswith("y_")]


def _rows(path: Path) -> tuple[Mapping[str, str], ...]:
    with path.open(newline="", encoding="utf-8") as stream:
        return tuple(csv.DictReader(stream))


def _splits(root: Path, ecg_ids: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Row numbers per split."""
    listed = read_json(root / "splits.json")
    row_of = {int(ecg_id): number for number, ecg_id in enumerate(ecg_ids)}
    return {name: np.array([row_of[i] for i in listed[name]], np.int64) for name in SPLITS}


def _check_outputs(root: Path, outputs: Mapping[str, Any]) -> None:
    """Raise ValueError for files that are not the manifest's: small ones by digest, all by size."""
    for name, entry in outputs.items():
        path = root / name
        size = path.stat().st_size
        if size != entry["bytes"]:
            raise ValueError(f"{name} has {size:,} bytes, the manifest says {entry['bytes']:,}")
        if name in _HASHED and hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            raise ValueError(f"{name} was changed after it was made")


def _signals(root: Path, rows: int, rate: int) -> NDArray[np.int16]:
    path = root / f"signals_{rate}.npy"
    x = np.load(path, mmap_mode="r", allow_pickle=False)
    if x.shape != (rows, 10 * rate, 12) or x.dtype != np.dtype("<i2"):
        raise ValueError(f"{path.name} has shape {x.shape} {x.dtype}")
    return cast("NDArray[np.int16]", x)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a curated dataset. Raises UsageError."""
    hint = "make the dataset first: sweeptree curate"
    try:
        if path.stat().st_size > _MAX_JSON:
            raise UsageError(f"{path} is too large to be {path.name}", hint=hint)
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint=hint) from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no JSON object", hint=hint)
    return value
