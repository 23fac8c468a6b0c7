"""Comparing two AUCs on the same records: DeLong's test.

Sources: DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44, 837-845; Sun and Xu (2014), IEEE
Signal Processing Letters 21, 1389-1393 (the midrank form).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.evaluate.scores import Floats, floats

_NO_SPREAD = 1e-18


@dataclass(frozen=True, slots=True)
class AucTest:
    """AUC of a and of b, z of their difference a - b, and its two-sided p-value."""

    auc_a: float
    auc_b: float
    z: float
    p: float


def midranks(values: NDArray[Any]) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = (ends - (counts - 1) / 2.0)[where.ravel()]
    return ranks


def delong(y: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> AucTest:
    """Test AUC(a) = AUC(b) for one class.

    NaN where there are fewer than two positives or negatives.
    """
    one = y.astype(bool)
    m, n = int(one.sum()), int((~one).sum())
    if m < 2 or n < 2:
        return AucTest(math.nan, math.nan, math.nan, math.nan)
    positives_a, negatives_a = _components(one, floats(a))
    positives_b, negatives_b = _components(one, floats(b))
    spread = np.cov(np.stack([positives_a, positives_b])) / m
    spread += np.cov(np.stack([negatives_a, negatives_b])) / n
    variance = float(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
    auc_a, auc_b = float(positives_a.mean()), float(positives_b.mean())
    z = _z(auc_a - auc_b, variance)
    return AucTest(auc_a, auc_b, z, math.erfc(abs(z) / math.sqrt(2)))


def _z(difference: float, variance: float) -> float:
    """The difference in standard deviations: infinite without a spread, 0 without either."""
    if variance > _NO_SPREAD:
        return difference / math.sqrt(variance)
    return math.copysign(math.inf, difference) if difference else 0.0


def _components(one: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Floats, Floats]:
    """Per positive the share of negatives it beats; per negative, of positives that beat it."""
    m, n = int(one.sum()), int((~one).sum())
    everyone = midranks(scores)
    v10 = (everyone[one] - midranks(scores[one])) / n
    v01 = 1 - (everyone[~one] - midranks(scores[~one])) / m
    return v10, v01
