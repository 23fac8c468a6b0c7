"""The scores of one run per subgroup: sex, age band, device, site, signal quality, pacemaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate import bootstrap, scores
from sweeptree.ecg.evaluate.predictions import Part

SMALLEST_GROUP = 10
AGE_BANDS = ((0, 40, "under 40"), (40, 60, "40-59"), (60, 80, "60-79"), (80, 200, "80 and over"))
_KINDS = ("sex", "age", "device", "site", "signal", "pacemaker")
_UNKNOWN = "not known"
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A group of the test records: n records, macro AUC with its interval, classes scored.

    NaN where a group is too small or holds no class.
    """

    group: str
    value: str
    n: int
    auc_macro: float = _NAN
    low: float = _NAN
    high: float = _NAN
    classes: int = 0


def subgroups(
    part: Part, draw: bootstrap.Draw | None, level: float, data: Dataset
) -> list[Subgroup]:
    """Every subgroup of the records of a part."""
    rows = data.rows_of(part.ids)
    found = []
    for kind, value, members in _groups(rows):
        found.append(_subgroup((kind, value), _only(part, members), _some(draw, members), level))
    return found


def _groups(rows: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    for kind, values in _kinds(rows).items():
        for value in sorted(set(values), key=_place):
            yield kind, value, np.flatnonzero(np.array(values) == value)


def _place(value: str) -> tuple[int, str]:
    """Age bands from young to old; everything else by its name."""
    bands = [name for _, _, name in AGE_BANDS]
    return (bands.index(value) if value in bands else len(bands), value)


def _kinds(rows: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    values = [_values(row) for row in rows]
    return {kind: [value[kind] for value in values] for kind in _KINDS}


def _values(row: Mapping[str, str]) -> dict[str, str]:
    return {
        "sex": _sex(row["sex"]),
        "age": _band(row["age"]),
        "device": row["device"] or _UNKNOWN,
        "site": row["site"].removesuffix(".0") or _UNKNOWN,
        "signal": _quality(row["noisy"]),
        "pacemaker": _pacemaker(row["pacemaker"]),
    }


def _sex(code: str) -> str:
    return {"0": "male", "1": "female"}.get(code.removesuffix(".0"), _UNKNOWN)


def _band(age: str) -> str:
    if not age:
        return _UNKNOWN
    return next(name for low, high, name in AGE_BANDS if low <= float(age) < high)


def _quality(noisy: str) -> str:
    return "noise noted" if noisy == "1" else "no noise noted"


def _pacemaker(text: str) -> str:
    return "yes" if text.startswith("ja") else "none noted"


def _only(part: Part, members: NDArray[np.int64]) -> Part:
    return Part(part.ids[members], part.true[members], part.pred[members])


def _some(draw: bootstrap.Draw | None, members: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """The same resamples, seen in this group only: its size varies as it would in a new sample."""
    return None if draw is None else draw.weights[members]


def _subgroup(
    name: tuple[str, str], part: Part, weights: NDArray[np.float32] | None, level: float
) -> Subgroup:
    count = len(part.ids)
    if count < SMALLEST_GROUP:
        return Subgroup(*name, count)
    areas = np.array([scores.auc(*both) for both in zip(part.true.T, part.pred.T, strict=True)])
    value = scores.mean_of(areas)
    low = high = _NAN
    if weights is not None:
        drawn, _ = bootstrap.auc_and_ap(part.true, part.pred, weights)
        low, high = bootstrap.interval(bootstrap.row_means(drawn), value, level)
    return Subgroup(*name, count, value, low, high, int((~np.isnan(areas)).sum()))
