"""Reading predicted signals: y_true.npy and y_pred.npy, in either layout, and ids.npy.

Hides: which axis holds the leads. Nothing is ever unpickled or copied: the arrays stay memory maps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate.checks import check_ids
from sweeptree.ecg.evaluate.class_files import why
from sweeptree.ecg.evaluate.predictions import IDS_NAME, PRED_NAME, TRUE_NAME, Waves
from sweeptree.ecg.wording import counted
from sweeptree.errors import UsageError

MOST_LEADS = 12
_LAYOUT = (
    f"both must be (records, leads, samples) or (records, samples, leads), 1 to {MOST_LEADS} leads"
)


def read_waves(folder: Path, name: str, data: Dataset | None) -> Waves:
    """The signals of a folder as (records, leads, samples), with their ids where they are known.

    Raises UsageError for what is no such pair of signals, and for records that were trained on.
    """
    true = _leads_first(_load(folder / TRUE_NAME), f"{name}: y_true")
    pred = _leads_first(_load(folder / PRED_NAME), f"{name}: y_pred")
    if true.shape != pred.shape:
        raise UsageError(
            f"{name}: y_true {true.shape} and y_pred {pred.shape} do not fit", hint=_LAYOUT
        )
    ids = _ids(folder, name, len(true), data)
    if ids is not None and data is not None:
        check_ids(np.sort(ids), name, data)
    return Waves(name, ids, true, pred)


def _load(path: Path) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(
            f"{path} cannot be read: {why(error)}", hint="save plain arrays with numpy.save"
        ) from error
    return found


def _leads_first(x: NDArray[Any], where: str) -> NDArray[Any]:
    """The same signals as (records, leads, samples): leads are few, samples are many."""
    if x.dtype.kind not in "iuf":
        raise UsageError(f"{where} must be numbers", hint="save plain arrays with numpy.save")
    if x.ndim != 3 or 0 in x.shape:
        raise UsageError(f"{where} has shape {x.shape}", hint=_LAYOUT)
    are_few = [size <= MOST_LEADS for size in x.shape[1:]]
    if are_few == [True, False]:
        return x
    if are_few == [False, True]:
        return x.transpose(0, 2, 1)
    raise UsageError(
        f"{where} has shape {x.shape}: it cannot be told which axis holds the leads", hint=_LAYOUT
    )


def _ids(folder: Path, name: str, count: int, data: Dataset | None) -> NDArray[np.int64] | None:
    """The records' ids: as saved, else those of the test split where there are as many."""
    path = folder / IDS_NAME
    if path.exists():
        return _saved_ids(_load(path), name, count)
    if data is None:
        return None
    rows = data.splits["test"]
    if count != len(rows):
        raise UsageError(
            f"{name}: {counted(count, 'record')}, {len(rows)} in the test split of {data.folder}",
            hint=f"say which records they are: save their ecg_ids as {IDS_NAME}",
        )
    test_ids: NDArray[np.int64] = data.ecg_ids[rows]
    return test_ids


def _saved_ids(ids: NDArray[Any], name: str, count: int) -> NDArray[np.int64]:
    distinct = ids.dtype.kind in "iu" and len(np.unique(ids)) == count
    if ids.shape != (count,) or not distinct:
        raise UsageError(
            f"{name}: {IDS_NAME} is not one distinct number per record",
            hint="save the ecg_ids of the records, in the order of y_true",
        )
    return ids.astype(np.int64)
