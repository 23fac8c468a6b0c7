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

from sweeptree.ecg.evaluate.scores import Floats


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
    parts = [_components(one, scores) for scores in (a, b)]
    areas = [float(v10.mean()) for v10, _ in parts]
    s10 = np.cov(np.stack([v10 for v10, _ in parts]))
    s01 = np.cov(np.stack([v01 for _, v01 in parts]))
    s = s10 / m + s01 / n
    variance = float(s[0, 0] + s[1, 1] - 2 * s[0, 1])
    difference = areas[0] - areas[1]
    if variance <= 1e-18:
        return AucTest(
            areas[0],
            areas[1],
            0.0 if not difference else math.copysign(math.inf, difference),
            float(not difference),
        )
    z = difference / math.sqrt(variance)
    return AucTest(areas[0], areas[1], z, math.erfc(abs(z) / math.sqrt(2)))


def _components(one: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Floats, Floats]:
    """Per positive the share of negatives it beats; per negative the share of positives that beat
    it."""
    m, n = int(one.sum()), int((~one).sum())
    everyone = midranks(scores)
    v10 = (everyone[one] - midranks(scores[one])) / n
    v01 = 1 - (everyone[~one] - midranks(scores[~one])) / m
    return v10, v01
