"""Reading what a model predicted, whatever its form, and refusing what cannot be judged.

Hides: the three file forms and their column names. Nothing is ever unpickled.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.errors import RecordError, UsageError
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths, read_record

NPZ_NAME, CSV_NAME = "predictions.npz", "diagnostic_preds.csv"
TRUE_NAME, PRED_NAME, IDS_NAME = "y_true.npy", "y_pred.npy", "ids.npy"
MAX_BYTES = 8 * 1024**3
_MAX_FLOAT_ID = 2.0**53  # beyond it, neighbouring whole numbers are one float
_MAX_NAME = 100
_ALIASES = {
    "ids": ("ids", "test_ids", "test_id"),
    "true": ("true", "test_true"),
    "pred": ("pred", "test_pred"),
}
_VAL = {"ids": ("val_ids", "val_id"), "true": ("val_true",), "pred": ("val_pred",)}


@dataclass(frozen=True, slots=True)
class Part:
    """n records: ids int64 (n,), rising; true uint8 (n, k); pred (n, k) in the dtype in which it
    was saved."""

    ids: NDArray[np.int64]
    true: NDArray[np.uint8]
    pred: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Predictions:
    """One run's class scores on the test records, and on the validation records where the run kept
    them."""

    name: str
    classes: tuple[str, ...]
    test: Part
    val: Part | None


@dataclass(frozen=True, slots=True)
class Waves:
    """One run's predicted signals: true and pred are memory maps (n, leads, samples)."""

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
        if path.is_file():
            found[path] = None
        elif path.is_dir():
            found.update(dict.fromkeys(below(path)))
        else:
            raise UsageError(
                f"there is no {path}",
                hint="give predictions.npz, diagnostic_preds.csv or a folder with one",
            )
    if not found:
        raise UsageError(
            f"no {NPZ_NAME}, {CSV_NAME} or {TRUE_NAME} with {PRED_NAME} below {', '.join(map(str, paths))}",
            hint="give the folder that the training command wrote to",
        )
    return list(found)


def below(folder: Path) -> list[Path]:
    """The prediction files, and the folders with signals, below a folder; links are left out."""
    files = [p for name in (NPZ_NAME, CSV_NAME) for p in folder.rglob(name)]
    waves = [p.parent for p in folder.rglob(PRED_NAME) if (p.parent / TRUE_NAME).is_file()]
    return sorted(p for p in (*files, *waves) if not p.is_symlink())


def names_of(paths: Sequence[Path]) -> list[str]:
    """A short name per run: config and seed where a sweep's records know them, else the folders
    that differ."""
    folders = [(p if p.is_dir() else p.parent).absolute() for p in paths]
    of_jobs = _names_of_jobs([record for folder in folders if (record := _record_of(folder))])
    if len(set(of_jobs)) == len(folders):
        return of_jobs
    parts = [f.parts for f in folders]
    shared = 0
    while (
        len(parts) > 1
        and all(len(p) > shared + 1 for p in parts)
        and len({p[shared] for p in parts}) == 1
    ):
        shared += 1
    if len(parts) == 1:
        shared = len(parts[0]) - (2 if parts[0][-1].startswith("seed") else 1)
    names = ["/".join(p[shared:]) for p in parts]
    return [
        n if names.count(n) == 1 else f"{n}/{p.stem}" for n, p in zip(names, paths, strict=True)
    ]


def digests_of(paths: Sequence[Path]) -> list[str]:
    """The datasets that the runs were made with, as far as the records of their jobs say."""
    records = [_record_of((p if p.is_dir() else p.parent).absolute()) for p in paths]
    return [record.data_digest for record in records if record and record.data_digest]


def _names_of_jobs(records: Sequence[JobRecord]) -> list[str]:
    """`lr=3e-4/seed1` per job: the config as the sweep's own tables call it, and the seed.

    The config of a job without parameters is its whole command: no name for a run.
    """
    names = []
    for record in records:
        seed = "" if record.seed is None else f"seed{record.seed}"
        config = record.config_id if record.params else ""
        names.append("/".join(part for part in (config, seed) if part) or f"job_{record.id}")
    return names


def _record_of(folder: Path) -> JobRecord | None:
    """The record of the job whose artifacts, or whose $SWEEPTREE_OUT, hold this folder."""
    for place in (folder, *folder.parents):
        match = re.fullmatch(r"job_(\d{1,9})", place.name)
        if match and (path := SweepPaths(place.parent).record(int(match[1]))).is_file():
            try:
                return read_record(path)
            except RecordError:
                return None
    return None


def read(path: Path, name: str, data: Dataset | None) -> Predictions | Waves:
    """Read one run and check it against the dataset.

    Raises UsageError saying what is wrong and why it matters.
    """
    if path.is_dir():
        return _check_waves(_read_waves(path, name), data)
    found = _read_csv(path, name, data) if path.suffix == ".csv" else _read_npz(path, name)
    return _check(found, path, data)


def _read_npz(path: Path, name: str) -> Predictions:
    arrays = _arrays(path)
    if "classes" not in arrays:
        raise UsageError(
            f"{path} has no array 'classes'",
            hint="save classes, ids, true and pred with numpy.savez",
        )
    classes = tuple(str(c) for c in arrays["classes"].ravel())
    test = _part(arrays, _ALIASES, path)
    if test is None:
        raise UsageError(
            f"{path} lacks ids, true or pred",
            hint="save classes, ids, true and pred with numpy.savez",
        )
    return Predictions(name, classes, test, _validation(arrays, path))


def _validation(arrays: Mapping[str, NDArray[Any]], path: Path) -> Part | None:
    """The validation part, None without one.

    Raises UsageError when only some of its arrays are there.
    """
    missing = [names[0] for names in _VAL.values() if not any(n in arrays for n in names)]
    if 0 < len(missing) < len(_VAL):
        raise UsageError(
            f"{path}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            hint="save val_ids, val_true and val_pred, or none of them",
        )
    return _part(arrays, _VAL, path)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise UsageError(
                    f"{path} unpacks to more than {MAX_BYTES >> 30} GiB",
                    hint="keep only the test records",
                )
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, zipfile.BadZipFile, ValueError, EOFError) as error:
        why = (
            "it holds pickled objects, which are never loaded"
            if "pickle" in str(error)
            else str(error)
        )
        raise UsageError(
            f"{path} cannot be read: {why}", hint="save plain arrays with numpy.savez"
        ) from error
    for name, value in arrays.items():
        if not isinstance(
            value, np.ndarray
        ):  # numpy hands out any other member of the zip as bytes
            raise UsageError(
                f"{path}: {name} is no array", hint="save plain arrays with numpy.savez"
            )
    return arrays


def _part(
    arrays: Mapping[str, NDArray[Any]], aliases: Mapping[str, Sequence[str]], path: Path
) -> Part | None:
    got = {
        key: next((arrays[n] for n in names if n in arrays), None) for key, names in aliases.items()
    }
    ids, true, pred = got["ids"], got["true"], got["pred"]
    if ids is None or true is None or pred is None:
        return None
    if true.ndim != 2 or true.shape != pred.shape or ids.shape != true.shape[:1]:
        shapes = f"ids {ids.shape}, true {true.shape}, pred {pred.shape}"
        raise UsageError(
            f"{path}: shapes do not fit: {shapes}",
            hint="ids (n,), true (n, classes), pred (n, classes)",
        )
    if ids.dtype.kind not in "iuf" or true.dtype.kind not in "biuf" or pred.dtype.kind not in "iuf":
        raise UsageError(
            f"{path}: ids, true and pred must be numbers", hint="save plain arrays with numpy.savez"
        )
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
    return Part(ids[order].astype(np.int64), true[order].astype(np.uint8), pred[order])


def _are_whole(ids: NDArray[Any]) -> bool:
    """Whether int64 can hold them all without changing one."""
    if ids.dtype.kind == "f":
        return bool((np.abs(ids) < _MAX_FLOAT_ID).all() and (ids == np.round(ids)).all())
    return ids.dtype.kind != "u" or not len(ids) or int(ids.max()) < 2**63


def _rows_of(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return list(csv.reader(stream))
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 text: {error.reason}", hint="write it again as UTF-8"
        ) from error
    except (OSError, csv.Error) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint="write it again with the training code"
        ) from error


def _read_csv(path: Path, name: str, data: Dataset | None) -> Predictions:
    """`sample_idx, <label>_pred ..., <label>_true ...`: sample_idx counts the records of the test
    split."""
    rows = _rows_of(path)
    head = [cell.strip() for cell in rows[0]] if rows else []
    classes = tuple(c.removesuffix("_pred") for c in head if c.endswith("_pred"))
    wanted = ["sample_idx", *(f"{c}_pred" for c in classes), *(f"{c}_true" for c in classes)]
    if not classes or not set(wanted) <= set(head):
        raise UsageError(
            f"{path} lacks sample_idx, <label>_pred or <label>_true",
            hint="see the header of the file",
        )
    try:
        table = np.array([[float(row[head.index(c)]) for c in wanted] for row in rows[1:] if row])
    except (ValueError, IndexError) as error:
        raise UsageError(
            f"{path}: a cell is no number: {error}", hint="write it again with the training code"
        ) from error
    table = table.reshape(-1, len(wanted))
    if not _are_whole(table[:, 0]):
        raise UsageError(
            f"{path}: sample_idx are not whole numbers",
            hint="write it again with the training code",
        )
    ids = _ids_of(table[:, 0].astype(np.int64), path, data)
    k = len(classes)
    part = _part(
        {"ids": ids, "true": table[:, k + 1 :], "pred": table[:, 1 : k + 1]}, _ALIASES, path
    )
    if part is None:
        raise UsageError(f"{path} has no rows")
    return Predictions(name, classes, part, None)


def _ids_of(index: NDArray[np.int64], path: Path, data: Dataset | None) -> NDArray[np.int64]:
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


def _check(found: Predictions, path: Path, data: Dataset | None) -> Predictions:
    if (
        len(set(found.classes)) != len(found.classes)
        or len(found.classes) != found.test.true.shape[1]
    ):
        raise UsageError(
            f"{path}: {len(found.classes)} class names for {found.test.true.shape[1]} columns",
            hint="one distinct name per column",
        )
    _check_names(found.classes, path)
    parts = [("test", found.test)] + ([("val", found.val)] if found.val else [])
    for what, part in parts:
        _check_part(part, f"{path} ({what})", len(found.classes))
        if data is not None:
            _check_ids(part, f"{path} ({what})", data)
            _check_labels(part, f"{path} ({what})", found.classes, data)
    if found.val and np.isin(found.val.ids, found.test.ids).any():
        raise UsageError(
            f"{path}: records are both in the test and the validation part",
            hint="keep the folds apart",
        )
    return found


def _check_names(classes: Sequence[str], path: Path) -> None:
    if not classes:
        raise UsageError(
            f"{path} has no class", hint="save classes, ids, true and pred with numpy.savez"
        )
    for number, name in enumerate(classes, 1):
        if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            raise UsageError(
                f"{path}: the name of class {number} cannot be shown: {name[:40]!r}",
                hint=f"1 to {_MAX_NAME} letters, digits or signs",
            )


def _check_part(part: Part, where: str, classes: int) -> None:
    if not len(part.ids):
        raise UsageError(f"{where}: there are no records", hint="was anything predicted?")
    if part.true.shape[1] != classes:
        raise UsageError(
            f"{where}: {part.true.shape[1]} columns for {classes} classes",
            hint="one column per class",
        )
    if not np.isfinite(part.pred).all():
        bad = int((~np.isfinite(part.pred)).sum())
        raise UsageError(
            f"{where}: {bad} scores are NaN or infinite", hint="did the training diverge?"
        )
    twice = part.ids[1:][part.ids[1:] == part.ids[:-1]]
    if len(twice):
        raise UsageError(
            f"{where}: id {twice[0]} stands there more than once", hint="one row per record"
        )


def _check_ids(part: Part, where: str, data: Dataset) -> None:
    unknown = part.ids[~np.isin(part.ids, data.ecg_ids)]
    if len(unknown):
        raise UsageError(
            f"{where}: {len(unknown)} ids are not in {data.folder}, the first: {unknown[0]}",
            hint="give the dataset that the run was made with: --data",
        )
    leaked = np.isin(part.ids, data.ecg_ids[data.splits["train"]])
    if leaked.any():
        raise UsageError(
            f"{where}: {int(leaked.sum())} records are of the training folds, the first: {part.ids[leaked][0]}; "
            "scores on them say nothing about new patients",
            hint="predict folds 9 (validation) and 10 (test) only",
        )


def _check_labels(part: Part, where: str, classes: Sequence[str], data: Dataset) -> None:
    """Labels that name classes of the dataset must be the dataset's labels."""
    family = next((f for f, names in data.classes.items() if set(classes) <= set(names)), None)
    if family is None:
        return
    columns = [data.classes[family].index(c) for c in classes]
    rows = np.searchsorted(data.ecg_ids, part.ids)
    differ = (data.labels[family][rows][:, columns] != part.true).any(axis=1)
    if differ.any():
        raise UsageError(
            f"{where}: the true labels of {int(differ.sum())} records are not those of {data.folder}, "
            f"the first: {part.ids[differ][0]}",
            hint="are the class names in the order of the columns, and the ids in the order of the rows?",
        )


def _read_waves(folder: Path, name: str) -> Waves:
    try:
        true = np.load(folder / TRUE_NAME, mmap_mode="r", allow_pickle=False)
        pred = np.load(folder / PRED_NAME, mmap_mode="r", allow_pickle=False)
        ids = (
            np.load(folder / IDS_NAME, allow_pickle=False) if (folder / IDS_NAME).exists() else None
        )
    except (OSError, ValueError, EOFError) as error:
        why = "pickled objects are never loaded" if "pickle" in str(error) else str(error)
        raise UsageError(
            f"{folder} cannot be read: {why}", hint="save plain arrays with numpy.save"
        ) from error
    return Waves(name, ids, true, pred)


def _check_waves(found: Waves, data: Dataset | None) -> Waves:
    if found.true.ndim != 3 or found.true.shape != found.pred.shape or 0 in found.true.shape:
        raise UsageError(
            f"{found.name}: y_true {found.true.shape} and y_pred {found.pred.shape} do not fit",
            hint="both must be (records, leads, samples)",
        )
    if found.true.dtype.kind not in "iuf" or found.pred.dtype.kind not in "iuf":
        raise UsageError(
            f"{found.name}: y_true and y_pred must be numbers",
            hint="save plain arrays with numpy.save",
        )
    ids = found.ids
    if ids is None and data is not None:
        expected = len(data.splits["test"])
        if len(found.true) != expected:
            raise UsageError(
                f"{found.name}: {len(found.true)} records, {expected} in the test split of {data.folder}",
                hint=f"say which records they are: save their ecg_ids as {IDS_NAME}",
            )
        ids = data.ecg_ids[data.splits["test"]]
    if ids is None:
        return found
    if (
        ids.shape != (len(found.true),)
        or ids.dtype.kind not in "iu"
        or len(np.unique(ids)) != len(ids)
    ):
        raise UsageError(f"{found.name}: {IDS_NAME} is not one distinct number per record")
    if data is not None:
        _check_ids(
            Part(np.sort(ids.astype(np.int64)), found.true[:0], found.pred[:0]), found.name, data
        )
    return replace(found, ids=ids.astype(np.int64))
