"""What a model predicted, as values: class scores or signals; and where such files stand.

Hides: the names of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.errors import UsageError

NPZ_NAME, CSV_NAME = "predictions.npz", "diagnostic_preds.csv"
TRUE_NAME, PRED_NAME, IDS_NAME = "y_true.npy", "y_pred.npy", "ids.npy"


@dataclass(frozen=True, slots=True)
class Part:
    """n records: ids int64 (n,), rising; true uint8 (n, k); pred (n, k), by `scores.floats`."""

    ids: NDArray[np.int64]
    true: NDArray[np.uint8]
    pred: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Predictions:
    """One run's class scores on the test records, and on validation records where it kept them."""

    name: str
    classes: tuple[str, ...]
    test: Part
    val: Part | None


@dataclass(frozen=True, slots=True)
class Waves:
    """One run's predicted signals: true and pred are views of memory maps (n, leads, samples)."""

    name: str
    ids: NDArray[np.int64] | None
    true: NDArray[Any]
    pred: NDArray[Any]


def find(paths: Sequence[Path]) -> list[Path]:
    """The prediction files or folders below what the user named, sorted.

    Raises UsageError when there are none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_at(path)))
    if found:
        return list(found)
    named = ", ".join(map(str, paths))
    raise UsageError(
        f"no {NPZ_NAME}, {CSV_NAME} or {TRUE_NAME} with {PRED_NAME} below {named}",
        hint="give the folder that the training command wrote to",
    )


def _at(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        return below(path)
    raise UsageError(
        f"there is no {path}",
        hint=f"give {NPZ_NAME}, {CSV_NAME} or a folder with one",
    )


def below(folder: Path) -> list[Path]:
    """The prediction files, and the folders with signals, below a folder; each file once.

    A link counts where what it leads to is not below the folder itself.
    """
    files = [path for path in _named(folder) if path.is_file()]
    linked_last = sorted(files, key=lambda path: (path.is_symlink(), path))
    first_of: dict[Path, Path] = {}
    for path in linked_last:
        first_of.setdefault(path.resolve(), path)
    return sorted((*first_of.values(), *_wave_folders(folder)))


def _named(folder: Path) -> Iterator[Path]:
    for name in (NPZ_NAME, CSV_NAME):
        yield from folder.rglob(name)


def _wave_folders(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(PRED_NAME):
        if path.is_file() and (path.parent / TRUE_NAME).is_file():
            yield path.parent
