"""Reading one run, whatever its form, and refusing what cannot be judged."""

from __future__ import annotations

from pathlib import Path

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate.checks import check
from sweeptree.ecg.evaluate.class_files import read_csv, read_npz
from sweeptree.ecg.evaluate.predictions import Predictions, Waves
from sweeptree.ecg.evaluate.wave_files import read_waves


def read(path: Path, name: str, data: Dataset | None) -> Predictions | Waves:
    """Read one run and check it against the dataset.

    Raises UsageError saying what is wrong and why it matters.
    """
    if path.is_dir():
        return read_waves(path, name, data)
    found = read_csv(path, name, data) if path.suffix == ".csv" else read_npz(path, name)
    check(found, path, data)
    return found
