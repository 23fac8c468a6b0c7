"""Refusing predictions that cannot be judged honestly: leaks, unknown records, wrong labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate.predictions import Part, Predictions
from sweeptree.ecg.wording import are, counted
from sweeptree.errors import UsageError

_MAX_NAME = 100


def check(found: Predictions, path: Path, data: Dataset | None) -> None:
    """Raise UsageError saying what is wrong with class scores and why it matters."""
    _check_names(found, path)
    _check_part(found.test, f"{path} (test)", found.classes, data)
    if found.val is None:
        return
    _check_part(found.val, f"{path} (val)", found.classes, data)
    if np.isin(found.val.ids, found.test.ids).any():
        raise UsageError(
            f"{path}: records are both in the test and the validation part",
            hint="keep the folds apart",
        )


def _check_names(found: Predictions, path: Path) -> None:
    names, columns = found.classes, found.test.true.shape[1]
    if len(set(names)) != len(names) or len(names) != columns:
        raise UsageError(
            f"{path}: {counted(len(names), 'class name')} for {counted(columns, 'column')}",
            hint="one distinct name per column",
        )
    if not names:
        raise UsageError(
            f"{path} has no class", hint="save classes, ids, true and pred with numpy.savez"
        )
    for number, name in enumerate(names, 1):
        if not _can_be_shown(name):
            raise UsageError(
                f"{path}: the name of class {number} cannot be shown: {name[:40]!r}",
                hint=f"1 to {_MAX_NAME} letters, digits or signs",
            )


def _can_be_shown(name: str) -> bool:
    return bool(name.strip()) and len(name) <= _MAX_NAME and name.isprintable()


def _check_part(part: Part, where: str, classes: Sequence[str], data: Dataset | None) -> None:
    _check_scores(part, where, len(classes))
    if data is not None:
        check_ids(part.ids, where, data)
        _check_labels(part, where, classes, data)


def _check_scores(part: Part, where: str, classes: int) -> None:
    if not len(part.ids):
        raise UsageError(f"{where}: there are no records", hint="was anything predicted?")
    if part.true.shape[1] != classes:
        raise UsageError(
            f"{where}: {counted(part.true.shape[1], 'column')} for {classes} class names",
            hint="one column per class",
        )
    bad = int((~np.isfinite(part.pred)).sum())
    if bad:
        raise UsageError(
            f"{where}: {counted(bad, 'score')} {are(bad)} NaN or infinite",
            hint="did the training diverge?",
        )
    twice = part.ids[1:][part.ids[1:] == part.ids[:-1]]
    if len(twice):
        raise UsageError(
            f"{where}: id {twice[0]} stands there more than once", hint="one row per record"
        )


def check_ids(ids: NDArray[np.int64], where: str, data: Dataset) -> None:
    """Raise UsageError unless all records are the dataset's, and none was trained on."""
    unknown = ids[~np.isin(ids, data.ecg_ids)]
    if len(unknown):
        count = len(unknown)
        raise UsageError(
            f"{where}: {counted(count, 'id')} {are(count)} not in {data.folder}, "
            f"the first: {unknown[0]}",
            hint="give the dataset that the run was made with: --data",
        )
    leaked = ids[np.isin(ids, data.ecg_ids[data.splits["train"]])]
    if len(leaked):
        count = len(leaked)
        raise UsageError(
            f"{where}: {counted(count, 'record')} {are(count)} of the training folds, "
            f"the first: {leaked[0]}; scores on them say nothing about new patients",
            hint="predict folds 9 (validation) and 10 (test) only",
        )


def _check_labels(part: Part, where: str, classes: Sequence[str], data: Dataset) -> None:
    """Labels that name classes of the dataset must be the dataset's labels."""
    families = [name for name, known in data.classes.items() if set(classes) <= set(known)]
    if not families:
        return
    family = families[0]
    columns = [data.classes[family].index(name) for name in classes]
    rows = np.searchsorted(data.ecg_ids, part.ids)
    differ = (data.labels[family][rows][:, columns] != part.true).any(axis=1)
    if differ.any():
        raise UsageError(
            f"{where}: the true labels of {counted(int(differ.sum()), 'record')} "
            f"are not those of {data.folder}, the first: {part.ids[differ][0]}",
            hint="are the class names in the order of the columns, "
            "and the ids in the order of the rows?",
        )
