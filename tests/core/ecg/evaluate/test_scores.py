"""Scores against scikit-learn and brute force."""

import numpy as np
import pytest

from sweeptree.ecg.evaluate import scores
from sweeptree.errors import UsageError

pytestmark = pytest.mark.xdist_group("scikit-learn")


@pytest.fixture(scope="module")
def labels():
    """300 records, 6 classes, from common to very rare."""
    rng = np.random.default_rng(3)
    y = (rng.random((300, 6)) < [0.5, 0.2, 0.1, 0.03, 0.02, 0.01]).astype(np.uint8)
    y[:2] = [[1] * 6, [0] * 6]
    return y


@pytest.fixture(scope="module")
def predicted(labels):
    """Scores in [0, 1] as float32; the first three classes have many ties."""
    rng = np.random.default_rng(4)
    p = 1 / (1 + np.exp(-rng.normal(size=labels.shape) - labels))
    p[:, :3] = np.round(p[:, :3], 1)
    return p.astype(np.float32)


CLASSES = range(6)


@pytest.mark.parametrize("c", CLASSES)
def test_auc_is_scikit_learns(c, labels, predicted, metrics):
    want = metrics.roc_auc_score(labels[:, c], predicted[:, c])
    assert scores.auc(labels[:, c], predicted[:, c]) == pytest.approx(want, abs=1e-14)


@pytest.mark.parametrize("c", CLASSES)
def test_average_precision_is_scikit_learns(c, labels, predicted, metrics):
    want = metrics.average_precision_score(labels[:, c], predicted[:, c])
    assert scores.average_precision(labels[:, c], predicted[:, c]) == pytest.approx(want, abs=1e-14)


@pytest.mark.parametrize("c", CLASSES)
def test_best_f1_is_the_best_of_all_thresholds(c, labels, predicted, metrics):
    y, p = labels[:, c], predicted[:, c]
    hits = p >= np.unique(p)[:, None]
    every = 2 * (hits & y.astype(bool)).sum(axis=1) / (hits.sum(axis=1) + y.sum())
    best, at = scores.best_f1(y, p)
    assert best == pytest.approx(every.max(), abs=1e-14)
    assert metrics.f1_score(y, p >= at) == pytest.approx(best, abs=1e-14)


@pytest.mark.parametrize("specificity", scores.SPECIFICITIES)
def test_sensitivity_at_a_specificity_is_the_best_allowed(specificity, labels, predicted):
    y, p = labels[:, 1].astype(bool), predicted[:, 1]
    allowed = [(p >= t)[y].mean() for t in [*np.unique(p), 2] if (p < t)[~y].mean() >= specificity]
    assert scores.sensitivity_at(y, p, specificity) == pytest.approx(max(allowed))


def test_calibration_error_by_brute_force(labels, predicted):
    y, p = labels.ravel(), predicted.ravel().astype(float)
    total = 0.0
    for b in range(15):
        inside = (p * 15 >= b) & ((p * 15 < b + 1) | (b == 14))
        if inside.any():
            total += inside.sum() * abs(y[inside].mean() - p[inside].mean())
    assert scores.reliability(labels, predicted).ece == pytest.approx(total / len(p), abs=1e-12)


def test_brier_is_scikit_learns(labels, predicted, metrics):
    want = [metrics.brier_score_loss(labels[:, c], predicted[:, c].astype(float)) for c in CLASSES]
    np.testing.assert_allclose(scores.brier(labels, predicted), want, atol=1e-12)


def test_a_class_without_positives_has_no_score_and_is_in_no_mean():
    y, p = np.array([[0, 1], [0, 0]]), np.array([[0.3, 0.9], [0.4, 0.1]])
    values = np.array([scores.auc(y[:, c], p[:, c]) for c in range(2)])
    assert np.isnan(values[0])
    assert scores.mean_of(values) == 1.0


def test_sigmoid_survives_huge_logits():
    np.testing.assert_allclose(scores.sigmoid(np.array([-1e4, 0, 1e4])), [0, 0.5, 1])


@pytest.mark.parametrize("kind", ["?", "u1", "u8", "i1", "f2", "f8"])
def test_curves_of_every_kind_of_number_are_the_same(kind):
    y = np.array([0, 1, 0, 1], np.uint8)
    assert scores.auc(y, y.astype(kind)) == 1.0
    assert scores.best_f1(y, y.astype(kind)) == (1.0, 1.0)


def test_saved_floats_are_never_rounded():
    p = np.array([0.1, 0.2], np.float32)
    assert scores.floats(p) is p


def test_whole_numbers_that_no_float_tells_apart_are_refused():
    with pytest.raises(UsageError, match="beyond 2\\*\\*53"):
        scores.floats(np.array([2**53 + 1, 2**53 + 2], np.uint64))
