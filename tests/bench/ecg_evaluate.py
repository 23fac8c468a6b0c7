"""CPU time of the bootstrap and of DeLong's test against scikit-learn and MLstatkit, in the same
run.

Wanted: 1,000 resamples of 2,203 records and 71 classes in at most 6 s of CPU, equal to scikit-learn
to 1e-12; DeLong equal to MLstatkit to 1e-9.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.bench.lab import Lab

RECORDS, CLASSES, SAMPLE = 2203, 71, 5


def run(lab: Lab) -> None:
    """The bootstrap, then DeLong's test."""
    y, p = data()
    lab.report(
        "ecg_evaluate", [_bootstrap(y, p, lab.size(1000, 10)), _delong(y, p)], note="CPU seconds"
    )


def _bootstrap(y: np.ndarray, p: np.ndarray, count: int) -> dict[str, object]:
    """AUC and average precision here, AUC alone in the loop, which is timed on a few resamples."""
    from sweeptree.ecg.evaluate import bootstrap

    drawing, drawn = cpu(lambda: bootstrap.draw(y, count, "skip-empty", seed=1).weights)
    scoring, (areas, _) = cpu(lambda: bootstrap.auc_and_ap(y, p, drawn))
    loop, want = cpu(lambda: sklearn_loop(y, p, drawn[:, :SAMPLE]))
    apart = float(np.nanmax(np.abs(areas[:SAMPLE] - want)))
    ours, theirs = drawing + scoring, loop / SAMPLE * count
    return {
        "what": "bootstrap",
        "n": count,
        "ours_s": ours,
        "theirs_s": theirs,
        "ratio": theirs / ours,
        "apart": apart,
    }


def _delong(y: np.ndarray, p: np.ndarray) -> dict[str, object]:
    from MLstatkit import Delong_test

    from sweeptree.ecg.evaluate import delong

    other = p + np.random.default_rng(1).normal(0, 0.5, p.shape)
    columns = range(CLASSES)
    ours, tests = cpu(lambda: [delong.delong(y[:, c], p[:, c], other[:, c]) for c in columns])
    theirs, oracle = cpu(lambda: [Delong_test(y[:, c], p[:, c], other[:, c]) for c in columns])
    apart = max(abs(t.p - o[1]) for t, o in zip(tests, oracle, strict=True))
    return {
        "what": "DeLong",
        "n": CLASSES,
        "ours_s": ours,
        "theirs_s": theirs,
        "ratio": theirs / ours,
        "apart": apart,
    }


def cpu(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU, and the action's answer."""
    start = time.process_time()
    answer = action()
    return time.process_time() - start, answer


def data() -> tuple[np.ndarray, np.ndarray]:
    """Labels from common to rare, scores as float32, some with many ties."""
    rng = np.random.default_rng(0)
    y = (rng.random((RECORDS, CLASSES)) < rng.uniform(0.003, 0.3, CLASSES)).astype(np.uint8)
    p = (rng.normal(size=y.shape) + y).astype(np.float32)
    p[:, :10] = np.round(p[:, :10], 1)
    return y, p


def sklearn_loop(y: np.ndarray, p: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The usual way: draw the rows, score each class."""
    from sklearn.metrics import roc_auc_score

    out = np.full((weights.shape[1], y.shape[1]), np.nan)
    for b in range(weights.shape[1]):
        rows = np.repeat(np.arange(len(y)), weights[:, b].astype(int))
        for c in range(y.shape[1]):
            if y[rows, c].any():
                out[b, c] = roc_auc_score(y[rows, c], p[rows, c])
    return out
