"""The files of data/processed, one function each, from the survey and the ledgers.

Hides: column orders, dtypes and the layout that legacy training code reads.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate.npyfile import NpyRows
from sweeptree.ecg.curate.survey import Row
from sweeptree.ecg.curate.verify import Ledger
from sweeptree.ecg.manifest import json_bytes

SPLITS = ("train", "val", "test")
_BLOCK = 64
_TABLE = (
    "row",
    "ecg_id",
    "patient_id",
    "fold",
    "split",
    "age",
    "age_over_89",
    "sex",
    "height",
    "weight",
    "site",
    "device",
    "nurse",
    "recording_date",
    "heart_axis",
    "infarction_stadium1",
    "infarction_stadium2",
    "validated_by_human",
    *ptbxl.NOISE_COLUMNS,
    "noisy",
    "extra_beats",
    "pacemaker",
    "scp_codes",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """The records that stay: their rows of the table, and their numbers in the ledgers by rate."""

    rows: Sequence[Row]
    numbers: NDArray[np.int64]
    ledgers: Mapping[int, Ledger]
    families: ptbxl.Families

    @property
    def splits(self) -> dict[str, NDArray[np.int64]]:
        """Row numbers per split."""
        names = np.array([row.split for row in self.rows])
        return {name: np.flatnonzero(names == name) for name in SPLITS}


def records_csv(kept: Kept) -> bytes:
    """The table, in the order of the arrays; 90 in `age` stands for all above 89."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_TABLE)
    in_order = itemgetter(*_TABLE)
    for number, row in enumerate(kept.rows):
        own = {
            "row": number,
            "ecg_id": row.ecg_id,
            "patient_id": row.patient,
            "fold": row.fold,
            "split": row.split,
            "age": "" if row.age is None else f"{row.age:g}",
            "age_over_89": int(row.over_89),
            "noisy": int(row.noisy),
            "scp_codes": row.codes_text,
        }
        writer.writerow(in_order({**row.other, **own}))
    return text.getvalue().encode()


def label_arrays(kept: Kept) -> dict[str, NDArray[np.generic]]:
    """The arrays of labels.npz: ecg_id, y_<family>, classes_<family>, likelihood (or NaN)."""
    codes = kept.families.codes
    likelihood = np.full((len(kept.rows), len(codes)), np.nan, np.float32)
    column = {code: number for number, code in enumerate(codes)}
    for number, row in enumerate(kept.rows):
        for code, percent in row.codes.items():
            likelihood[number, column[code]] = percent
    arrays: dict[str, NDArray[np.generic]] = {
        "ecg_id": np.array([r.ecg_id for r in kept.rows], np.int64)
    }
    for family in kept.families.classes:
        arrays[f"y_{family}"] = targets(kept, family)
        arrays[f"classes_{family}"] = np.array(kept.families.classes[family])
    return arrays | {"likelihood": likelihood}


def targets(kept: Kept, family: str) -> NDArray[np.uint8]:
    """(records, classes): 1 where a record has a code of the class, whatever the likelihood."""
    names = kept.families.classes[family]
    column = {name: number for number, name in enumerate(names)}
    member = kept.families.members[family]
    y = np.zeros((len(kept.rows), len(names)), np.uint8)
    for number, row in enumerate(kept.rows):
        for code in row.codes:
            if code in member:
                y[number, column[member[code]]] = 1
    return y


def splits_json(kept: Kept) -> bytes:
    """ecg_ids per split: folds 1-8, 9 and 10."""
    return json_bytes(
        {name: [kept.rows[i].ecg_id for i in rows] for name, rows in kept.splits.items()}
    )


def stats_json(kept: Kept) -> bytes:
    """Mean and standard deviation (population) of the training folds, in microvolts."""
    return json_bytes({str(rate): _stats(kept, rate) for rate in kept.ledgers})


def _stats(kept: Kept, rate: int) -> dict[str, object]:
    rows = kept.numbers[kept.splits["train"]]
    ledger = kept.ledgers[rate]
    count = len(rows) * ptbxl.samples(rate)
    sums = [int(v) for v in ledger.sums[rows].sum(axis=0)]
    squares = [int(v) for v in ledger.squares[rows].sum(axis=0)]
    if not count:
        return {"records": 0}
    per_lead = [_moments(s, q, count) for s, q in zip(sums, squares, strict=True)]
    mean_all, std_all = _moments(sum(sums), sum(squares), 12 * count)
    return {
        "unit": "uV",
        "leads": list(ptbxl.LEADS),
        "records": len(rows),
        "mean": [m for m, _ in per_lead],
        "std": [s for _, s in per_lead],
        "mean_all": mean_all,
        "std_all": std_all,
    }


def _moments(total: int, squares: int, count: int) -> tuple[float, float]:
    variance = (squares * count - total * total) / (count * count)
    return round(total / count, 9), round(float(np.sqrt(max(variance, 0.0))), 9)


def write_classification(folder: Path, kept: Kept, task: str) -> None:
    """labels/labels.json (class names), and {split}_labels.npy, float32 (records, classes)."""
    family = ptbxl.FAMILY_OF_TASK[task]
    y = targets(kept, family).astype(np.float32)
    (folder / "labels").mkdir()
    (folder / "labels" / "labels.json").write_bytes(json_bytes(list(kept.families.classes[family])))
    for name, rows in kept.splits.items():
        np.save(folder / f"{name}_labels.npy", y[rows], allow_pickle=False)


def write_reconstruction(folder: Path, kept: Kept) -> None:
    """{split}_input.npy (n, 3, 5000) and {split}_target.npy (n, 12, 5000) in [0, 1], metadata.csv,
    normalization.json.

    Scaled per lead with the lowest and highest value of the training folds only; other splits may
    pass 0 or 1 a little.
    """
    low, span = _scale(kept)
    inputs = [ptbxl.LEADS.index(lead) for lead in ptbxl.INPUT_LEADS]
    signals = np.load(folder / "signals_500.npy", mmap_mode="r", allow_pickle=False)
    for name, rows in kept.splits.items():
        with (
            NpyRows(folder / f"{name}_input.npy", len(rows), (3, 5000), "<f4") as x,
            NpyRows(folder / f"{name}_target.npy", len(rows), (12, 5000), "<f4") as y,
        ):
            for first in range(0, len(rows), _BLOCK):
                block = signals[rows[first : first + _BLOCK]].astype(np.float32)
                scaled = np.ascontiguousarray(((block - low) / span).transpose(0, 2, 1))
                y.write(first, scaled.tobytes())
                x.write(first, scaled[:, inputs].tobytes())
    (folder / "metadata.csv").write_bytes(_metadata(kept))
    value = {
        "method": "min-max per lead",
        "fitted_on": "train",
        "unit": "uV",
        "leads": list(ptbxl.LEADS),
        "input_leads": list(ptbxl.INPUT_LEADS),
        "min": low.tolist(),
        "max": (low + span).tolist(),
        "inverse": "uV = value * (max - min) + min",
    }
    (folder / "normalization.json").write_bytes(json_bytes(value))


def _scale(kept: Kept) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest value and span per lead over the training folds."""
    rows = kept.numbers[kept.splits["train"]]
    ledger = kept.ledgers[500]
    low = ledger.low[rows].min(axis=0, initial=32767).astype(np.float32)
    high = ledger.high[rows].max(axis=0, initial=-32768).astype(np.float32)
    return low, np.maximum(high - low, 1)


def _metadata(kept: Kept) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("split", "sample_idx", "ecg_id", "patient_id", "fold", "age", "sex"))
    for name, rows in kept.splits.items():
        for index, number in enumerate(rows):
            row = kept.rows[number]
            age = "" if row.age is None else f"{row.age:g}"
            writer.writerow((name, index, row.ecg_id, row.patient, row.fold, age, row.other["sex"]))
    return text.getvalue().encode()
