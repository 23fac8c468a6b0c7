"""Reading class scores: predictions.npz and the table of the older tools.

Hides: the two file forms, their names for arrays and columns. Nothing is ever unpickled.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate.predictions import Part, Predictions
from sweeptree.ecg.evaluate.scores import floats
from sweeptree.ecg.wording import are
from sweeptree.errors import UsageError

MAX_BYTES = 8 * 1024**3
_MAX_FLOAT_ID = 2.0**53  # beyond it, neighbouring whole numbers are one float
_HOW_TO_SAVE = "save classes, ids, true and pred with numpy.savez"
_PLAIN_ARRAYS = "save plain arrays with numpy.savez"
_WRITE_AGAIN = "write it again with the training code"

Arrays = Mapping[str, NDArray[Any]]
_TEST = {
    "ids": ("ids", "test_ids", "test_id"),
    "true": ("true", "test_true"),
    "pred": ("pred", "test_pred"),
}
_VAL = {
    "ids": ("val_ids", "val_id"),
    "true": ("val_true",),
    "pred": ("val_pred",),
}


def read_npz(path: Path, name: str) -> Predictions:
    """classes, ids, true, pred and val_ids, val_true, val_pred. Raises UsageError."""
    arrays = _arrays(path)
    if "classes" not in arrays:
        raise UsageError(f"{path} has no array 'classes'", hint=_HOW_TO_SAVE)
    test = _named(arrays, _TEST)
    if len(test) < len(_TEST):
        raise UsageError(f"{path} lacks ids, true or pred", hint=_HOW_TO_SAVE)
    classes = tuple(str(name) for name in arrays["classes"].ravel())
    return Predictions(name, classes, _part(test, path), _validation(arrays, path))


def _named(arrays: Arrays, aliases: Mapping[str, Sequence[str]]) -> Arrays:
    """The arrays of a part under their plain names, as far as they are there."""
    found = {}
    for key, names in aliases.items():
        present = [name for name in names if name in arrays]
        if present:
            found[key] = arrays[present[0]]
    return found


def _validation(arrays: Arrays, path: Path) -> Part | None:
    """The validation part, None without one. Raises UsageError when only some of it is there."""
    found = _named(arrays, _VAL)
    if not found:
        return None
    missing = [names[0] for key, names in _VAL.items() if key not in found]
    if missing:
        raise UsageError(
            f"{path}: {' and '.join(missing)} {are(len(missing))} missing",
            hint="save val_ids, val_true and val_pred, or none of them",
        )
    return _part(found, path)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        _refuse_too_large(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, zipfile.BadZipFile, ValueError, EOFError) as error:
        raise UsageError(f"{path} cannot be read: {why(error)}", hint=_PLAIN_ARRAYS) from error
    for name, value in arrays.items():
        # numpy hands out any other member of the zip as bytes
        if not isinstance(value, np.ndarray):
            raise UsageError(f"{path}: {name} is no array", hint=_PLAIN_ARRAYS)
    return arrays


def _refuse_too_large(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > MAX_BYTES:
        raise UsageError(
            f"{path} unpacks to more than {MAX_BYTES >> 30} GiB",
            hint="keep only the test records",
        )


def why(error: Exception) -> str:
    """Why a file of arrays cannot be read, in plain words where it holds pickled objects."""
    text = str(error)
    return "it holds pickled objects, which are never loaded" if "pickle" in text else text


def _part(arrays: Arrays, path: Path) -> Part:
    """The records of a part by rising id. Raises UsageError for what no part can be."""
    ids, true, pred = arrays["ids"], arrays["true"], arrays["pred"]
    _check_shapes(ids, true, pred, path)
    _check_kinds(ids, true, pred, path)
    if not _are_whole(ids):
        raise UsageError(
            f"{path}: ids are not whole numbers", hint="save the ecg_ids of the records"
        )
    if not np.isin(true, (0, 1)).all():
        raise UsageError(
            f"{path}: true labels are not all 0 or 1",
            hint="save the binary labels, not likelihoods",
        )
    order = np.argsort(ids, kind="stable")
    return Part(ids[order].astype(np.int64), true[order].astype(np.uint8), floats(pred)[order])


def _check_shapes(ids: NDArray[Any], true: NDArray[Any], pred: NDArray[Any], path: Path) -> None:
    if true.ndim != 2 or true.shape != pred.shape or ids.shape != true.shape[:1]:
        raise UsageError(
            f"{path}: shapes do not fit: ids {ids.shape}, true {true.shape}, pred {pred.shape}",
            hint="ids (n,), true (n, classes), pred (n, classes)",
        )


def _check_kinds(ids: NDArray[Any], true: NDArray[Any], pred: NDArray[Any], path: Path) -> None:
    are_numbers = ids.dtype.kind in "iuf"
    are_numbers &= true.dtype.kind in "biuf" and pred.dtype.kind in "biuf"
    if not are_numbers:
        raise UsageError(f"{path}: ids, true and pred must be numbers", hint=_PLAIN_ARRAYS)


def _are_whole(ids: NDArray[Any]) -> bool:
    """Whether int64 can hold them all without changing one."""
    if not len(ids):
        return True
    if ids.dtype.kind == "f":
        return bool((np.abs(ids) < _MAX_FLOAT_ID).all() and (ids == np.round(ids)).all())
    return ids.dtype.kind != "u" or int(ids.max()) < 2**63


def read_csv(path: Path, name: str, data: Dataset | None) -> Predictions:
    """`sample_idx, <label>_pred ..., <label>_true ...`: sample_idx counts the records of the test
    split. Raises UsageError."""
    head, rows = _rows_of(path)
    classes = tuple(column.removesuffix("_pred") for column in head if column.endswith("_pred"))
    table = _table(path, head, rows, classes)
    count = len(classes)
    arrays = {
        "ids": _ids_of(table[:, 0], path, data),
        "pred": table[:, 1 : count + 1],
        "true": table[:, count + 1 :],
    }
    return Predictions(name, classes, _part(arrays, path), None)


def _rows_of(path: Path) -> tuple[list[str], list[list[str]]]:
    """The column names, and the rows that hold anything."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 text: {error.reason}", hint="write it again as UTF-8"
        ) from error
    except (OSError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint=_WRITE_AGAIN) from error
    head = [cell.strip() for cell in rows[0]] if rows else []
    return head, [row for row in rows[1:] if row]


def _table(
    path: Path, head: Sequence[str], rows: Sequence[Sequence[str]], classes: Sequence[str]
) -> NDArray[np.float64]:
    """(records, 1 + 2 classes): sample_idx, the scores, the labels."""
    scores = [f"{name}_pred" for name in classes]
    labels = [f"{name}_true" for name in classes]
    wanted = ["sample_idx", *scores, *labels]
    if not classes or not set(wanted) <= set(head):
        raise UsageError(
            f"{path} lacks sample_idx, <label>_pred or <label>_true",
            hint="see the header of the file",
        )
    places = [head.index(column) for column in wanted]
    try:
        numbers = [_numbers(row, places) for row in rows]
    except (ValueError, IndexError) as error:
        raise UsageError(f"{path}: a cell is no number: {error}", hint=_WRITE_AGAIN) from error
    return np.array(numbers, np.float64).reshape(-1, len(wanted))


def _numbers(row: Sequence[str], places: Sequence[int]) -> list[float]:
    return [float(row[place]) for place in places]


def _ids_of(column: NDArray[np.float64], path: Path, data: Dataset | None) -> NDArray[np.int64]:
    if not _are_whole(column):
        raise UsageError(f"{path}: sample_idx are not whole numbers", hint=_WRITE_AGAIN)
    index = column.astype(np.int64)
    if data is None:
        return index
    rows = data.splits["test"]
    if ((index < 0) | (index >= len(rows))).any():
        raise UsageError(
            f"{path}: sample_idx goes beyond the {len(rows)} test records of {data.folder}",
            hint="give the dataset that the run was made with: --data",
        )
    ids: NDArray[np.int64] = data.ecg_ids[rows][index]
    return ids
