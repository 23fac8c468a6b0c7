"""CPU time of the bootstrap and of DeLong's test against scikit-learn and MLstatkit, in the same run.

python tests/bench/ecg_evaluate.py
"""

import time
from collections.abc import Callable

import numpy as np
from MLstatkit import Delong_test
from sklearn.metrics import roc_auc_score

from sweeptree.ecg import bootstrap, delong

RECORDS, CLASSES, RESAMPLES, SAMPLE = 2203, 71, 1000, 5


def cpu(action: Callable[[], object]) -> tuple[float, object]:
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
    out = np.full((weights.shape[1], y.shape[1]), np.nan)
    for b in range(weights.shape[1]):
        rows = np.repeat(np.arange(len(y)), weights[:, b].astype(int))
        for c in range(y.shape[1]):
            if y[rows, c].any():
                out[b, c] = roc_auc_score(y[rows, c], p[rows, c])
    return out


def main() -> None:
    y, p = data()
    drawing, drawn = cpu(lambda: bootstrap.draw(y, RESAMPLES, "skip-empty", seed=1).weights)
    scoring, (areas, _) = cpu(lambda: bootstrap.auc_and_ap(y, p, drawn))
    loop, want = cpu(lambda: sklearn_loop(y, p, drawn[:, :SAMPLE]))
    apart = np.nanmax(np.abs(areas[:SAMPLE] - want))
    whole = loop / SAMPLE * RESAMPLES
    print(
        f"bootstrap {RESAMPLES} x {RECORDS} x {CLASSES}, AUC and AP: {drawing + scoring:.2f} s CPU (at most 6), "
        f"scikit-learn loop, AUC only: {whole:.0f} s, {whole / (drawing + scoring):.0f} x faster, "
        f"largest difference {apart:.1e} (at most 1e-12)"
    )
    other = p + np.random.default_rng(1).normal(0, 0.5, p.shape)
    ours, tests = cpu(lambda: [delong.delong(y[:, c], p[:, c], other[:, c]) for c in range(CLASSES)])
    theirs, oracle = cpu(lambda: [Delong_test(y[:, c], p[:, c], other[:, c]) for c in range(CLASSES)])
    apart = max(abs(t.p - o[1]) for t, o in zip(tests, oracle, strict=True))
    print(
        f"DeLong, {CLASSES} classes: {ours:.3f} s CPU, MLstatkit {theirs:.3f} s, "
        f"largest difference {apart:.1e} (at most 1e-9)"
    )


if __name__ == "__main__":
    main()
