"""In which unit signals were saved: found from the dataset's own records, never guessed.

Hides: how y_true is laid beside the dataset's microvolts. A saved signal is a scaled one: value =
(microvolts - low) / span. Where the dataset's own scaling, microvolts or millivolts fit, they are
taken; else low and span are fitted to each record and lead. What no scaling explains is refused:
its errors would bear a unit that they do not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg import ptbxl
from sweeptree.ecg.dataset import Dataset, read_json
from sweeptree.ecg.evaluate.predictions import Waves
from sweeptree.ecg.evaluate.scores import Floats
from sweeptree.ecg.wording import are, counted
from sweeptree.errors import UsageError

BLOCK = 64
"""Records held in memory at once."""
MICROVOLTS, AS_SAVED = "uV", "as saved"
_NORMALIZATION = "normalization.json"
_ALLOWED = 0.01
"""RMS difference from the dataset's signal, in standard deviations of it, beside the rounding of
the saved dtype; and both together."""
_ALLOWED_AT_MOST = 0.1
_NO_DATASET = (
    "or judge it in the unit as saved: without --data, from a folder without data/processed"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How the arrays become microvolts: value * span + low.

    low and span are (1, leads, 1), or (records, leads, 1) where each record has its own.
    """

    leads: tuple[str, ...]
    unit: str
    name: str
    low: Floats
    span: Floats

    def apply(self, x: NDArray[Any], rows: slice) -> Floats:
        """Some records, (n, leads, samples), in the unit."""
        wide = np.array(x[rows], np.float64, order="C")
        if self.unit == AS_SAVED:
            return wide
        return wide * _of(self.span, rows) + _of(self.low, rows)

    def step(self, x: NDArray[Any], rows: slice) -> Floats:
        """How far apart neighbouring values of the saved dtype are in the unit: (n, leads)."""
        return _resolution(x[rows]) * np.abs(_of(self.span, rows)[..., 0])


def _of(values: Floats, rows: slice) -> Floats:
    return values if len(values) == 1 else values[rows]


def lead_names(count: int) -> tuple[str, ...]:
    """The standard names for 12 leads, the nine that I, II, V4 leave for 9, else numbers."""
    if count == len(ptbxl.LEADS):
        return ptbxl.LEADS
    others = tuple(lead for lead in ptbxl.LEADS if lead not in ptbxl.INPUT_LEADS)
    if count == len(others):
        return others
    return tuple(f"lead {number + 1}" for number in range(count))


def scale_of(run: Waves, data: Dataset | None) -> Scale:
    """The scale of a run's signals: as saved without a dataset, else found from its records.

    Raises UsageError when y_true is not the dataset's signal in any unit.
    """
    if data is None or run.ids is None:
        leads = lead_names(run.true.shape[1])
        return Scale(leads, AS_SAVED, AS_SAVED, np.zeros((1, 1, 1)), np.ones((1, 1, 1)))
    own = _Own(run, run.ids, data)
    for scale in _known_scales(own.leads, data):
        if own.fits(scale):
            return scale
    scale = own.fitted()
    wrong = own.misfits(scale)
    if wrong:
        raise _not_the_datasets(run, data, wrong)
    return scale


def _not_the_datasets(run: Waves, data: Dataset, wrong: list[int]) -> UsageError:
    return UsageError(
        f"{run.name}: y_true of {counted(len(wrong), 'record')} {are(len(wrong))} not the signal "
        f"of {data.folder} in any unit, the first: {wrong[0]}",
        hint=(
            "are the records in the order of ids.npy (without it: of the test split)?",
            "save y_true as curated, in any unit or scaling",
            _NO_DATASET,
        ),
    )


def _known_scales(leads: tuple[str, ...], data: Dataset) -> Iterator[Scale]:
    """The scalings that a run may well have used, in the order in which they are tried."""
    path = data.folder / _NORMALIZATION
    if path.exists():
        columns = [ptbxl.LEADS.index(lead) for lead in leads]
        value = read_json(path)
        low = np.array(value["min"], np.float64)[columns]
        span = np.array(value["max"], np.float64)[columns] - low
        yield Scale(leads, MICROVOLTS, _NORMALIZATION, low[None, :, None], span[None, :, None])
    for name, microvolts in (("microvolts", 1.0), ("millivolts", 1000.0), ("volts", 1e6)):
        yield Scale(leads, MICROVOLTS, name, np.zeros((1, 1, 1)), np.full((1, 1, 1), microvolts))


class _Own:
    """y_true beside the dataset's own signals of the same records, leads and rate."""

    def __init__(self, run: Waves, ids: NDArray[np.int64], data: Dataset) -> None:
        self._run = run
        self._ids = ids
        self._rows = data.row_numbers(ids)
        self._signals = _signals_of(run, data)
        self._columns = self._match_leads()
        self.leads = tuple(ptbxl.LEADS[column] for column in self._columns)

    def _blocks(self) -> Iterator[slice]:
        return (slice(at, at + BLOCK) for at in range(0, len(self._rows), BLOCK))

    def _microvolts(self, rows: slice) -> Floats:
        """(n, leads, samples) of the dataset."""
        block = self._signals[self._rows[rows]][:, :, self._columns]
        return block.astype(np.float64).transpose(0, 2, 1)

    def _match_leads(self) -> list[int]:
        """Which of the 12 leads each saved one is: as usual for 12 and 9, else the most alike."""
        names = lead_names(self._run.true.shape[1])
        if names[0] in ptbxl.LEADS:
            return [ptbxl.LEADS.index(name) for name in names]
        y = np.asarray(self._run.true[0], np.float64)
        x = self._signals[self._rows[0]].astype(np.float64).T
        likeness = _unit(y) @ _unit(x).T
        return [int(column) for column in likeness.argmax(axis=1)]

    def fits(self, scale: Scale) -> bool:
        """True when the scale turns y_true of every record into the dataset's signal."""
        return not any(self._wrong(scale, rows).any() for rows in self._blocks())

    def misfits(self, scale: Scale) -> list[int]:
        """The ids of the records whose y_true no scale turns into the dataset's signal."""
        wrong = np.concatenate([self._wrong(scale, rows) for rows in self._blocks()])
        return [int(ecg_id) for ecg_id in self._ids[wrong]]

    def _wrong(self, scale: Scale, rows: slice) -> NDArray[np.bool_]:
        x = self._microvolts(rows)
        error = scale.apply(self._run.true, rows) - x
        distance = np.sqrt((error**2).mean(axis=2))
        spread = x.std(axis=2)
        allowed = _ALLOWED * spread + scale.step(self._run.true, rows)
        is_near = distance <= np.minimum(allowed, _ALLOWED_AT_MOST * spread)
        return ~np.asarray(is_near.all(axis=1))

    def fitted(self) -> Scale:
        """A scale per record and lead by least squares; never one that turns a signal over."""
        parts = [self._fit(rows) for rows in self._blocks()]
        low = np.concatenate([low for low, _ in parts])
        span = np.concatenate([span for _, span in parts])
        return Scale(self.leads, MICROVOLTS, "fitted per record and lead", low, span)

    def _fit(self, rows: slice) -> tuple[Floats, Floats]:
        x = self._microvolts(rows)
        y = np.asarray(self._run.true[rows], np.float64)
        mean_x, mean_y = x.mean(axis=2, keepdims=True), y.mean(axis=2, keepdims=True)
        dx, dy = x - mean_x, y - mean_y
        power = (dy**2).sum(axis=2, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            span = np.maximum((dx * dy).sum(axis=2, keepdims=True) / power, 0.0)
        span = np.nan_to_num(span)
        return mean_x - span * mean_y, span


def _signals_of(run: Waves, data: Dataset) -> NDArray[np.int16]:
    samples = run.true.shape[2]
    for rate, signals in data.signals.items():
        if ptbxl.samples(rate) == samples:
            return signals
    rates = " and ".join(f"{ptbxl.samples(rate):,}" for rate in data.signals)
    raise UsageError(
        f"{run.name}: y_true has {samples:,} samples a record, those of {data.folder} have {rates}",
        hint=("curate the rate that was predicted: sweeptree curate --rate both", _NO_DATASET),
    )


def _unit(x: Floats) -> Floats:
    """Each row centred and of unit length."""
    centred = x - x.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    unit: Floats = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    return unit


def _resolution(x: NDArray[Any]) -> float:
    """The step between neighbouring values of the saved dtype at the largest one."""
    if x.dtype.kind != "f":
        return 1.0
    return float(np.finfo(x.dtype).eps) * float(np.abs(x).max())
