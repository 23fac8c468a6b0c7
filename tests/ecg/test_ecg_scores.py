"""Scores, resampling and tests against scikit-learn, MLstatkit and brute force."""

import numpy as np
import pytest
from MLstatkit import Delong_test
from sklearn import metrics

from sweeptree.ecg.evaluate import bootstrap, compare, delong, scores
from sweeptree.errors import UsageError


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
def test_auc_is_scikit_learns(c, labels, predicted):
    want = metrics.roc_auc_score(labels[:, c], predicted[:, c])
    assert scores.auc(labels[:, c], predicted[:, c]) == pytest.approx(want, abs=1e-14)


@pytest.mark.parametrize("c", CLASSES)
def test_average_precision_is_scikit_learns(c, labels, predicted):
    want = metrics.average_precision_score(labels[:, c], predicted[:, c])
    assert scores.average_precision(labels[:, c], predicted[:, c]) == pytest.approx(want, abs=1e-14)


@pytest.mark.parametrize("c", CLASSES)
def test_best_f1_is_the_best_of_all_thresholds(c, labels, predicted):
    y, p = labels[:, c], predicted[:, c]
    every = [(metrics.f1_score(y, p >= t), t) for t in np.unique(p)]
    best, at = scores.best_f1(y, p)
    assert best == pytest.approx(max(every)[0], abs=1e-14)
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


def test_brier_is_scikit_learns(labels, predicted):
    want = [metrics.brier_score_loss(labels[:, c], predicted[:, c].astype(float)) for c in CLASSES]
    np.testing.assert_allclose(scores.brier(labels, predicted), want, atol=1e-12)


def test_a_class_without_positives_has_no_score_and_is_in_no_mean():
    y, p = np.array([[0, 1], [0, 0]]), np.array([[0.3, 0.9], [0.4, 0.1]])
    values = np.array([scores.auc(y[:, c], p[:, c]) for c in range(2)])
    assert np.isnan(values[0])
    assert scores.mean_of(values) == 1.0


def test_sigmoid_survives_huge_logits():
    np.testing.assert_allclose(scores.sigmoid(np.array([-1e4, 0, 1e4])), [0, 0.5, 1])


@pytest.mark.parametrize("how", ["reject", "skip-empty", "stratified", "patient"])
def test_each_resample_scores_as_scikit_learn_scores_it(how, labels, predicted):
    patients = np.arange(len(labels)) // 2
    drawn = bootstrap.draw(labels, 40, how, seed=1, patients=patients)
    areas, precisions = bootstrap.auc_and_ap(labels, predicted, drawn.weights)
    for b in range(40):
        rows = np.repeat(np.arange(len(labels)), drawn.weights[:, b].astype(int))
        for c in CLASSES:
            y, p = labels[rows, c], predicted[rows, c]
            if 0 < y.sum() < len(y):
                assert areas[b, c] == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-12)
                assert precisions[b, c] == pytest.approx(
                    metrics.average_precision_score(y, p), abs=1e-12
                )
            else:
                assert np.isnan(areas[b, c])


def test_reject_leaves_no_class_empty_and_says_how_many_it_threw_away(labels):
    drawn = bootstrap.draw(labels, 200, "reject", seed=1)
    assert (labels.astype(np.float32).T @ drawn.weights > 0).all()
    assert drawn.weights.shape == (300, 200)
    assert drawn.rejected > 0


def test_plain_resamples_do_leave_classes_empty(labels):
    drawn = bootstrap.draw(labels, 200, "skip-empty", seed=1)
    assert (labels.astype(np.float32).T @ drawn.weights == 0).any()


def test_reject_gives_up_where_it_is_hopeless():
    with pytest.raises(UsageError, match="too rare"):
        bootstrap.draw(np.eye(12, dtype=np.uint8), 50, "reject", seed=1)


def test_stratified_keeps_the_number_of_every_combination(labels):
    drawn = bootstrap.draw(labels, 20, "stratified", seed=1)
    np.testing.assert_array_equal(labels.T @ drawn.weights, np.tile(labels.sum(0)[:, None], 20))


def test_patients_are_drawn_whole(labels):
    patients = np.arange(300) // 3
    drawn = bootstrap.draw(labels, 20, "patient", seed=1, patients=patients)
    np.testing.assert_array_equal(drawn.weights[0::3], drawn.weights[2::3])


def test_the_same_seed_draws_the_same_and_another_does_not(labels):
    a, b, c = (bootstrap.draw(labels, 20, "reject", seed=s).weights for s in (1, 1, 2))
    assert (a == b).all()
    assert (a != c).any()


def test_means_leave_unknown_values_out():
    weights = np.array([[1, 2], [1, 0]], np.float32)
    np.testing.assert_allclose(
        bootstrap.means(np.array([[1.0, np.nan], [3.0, 5.0]]), weights), [[2, 5], [1, np.nan]]
    )


@pytest.mark.parametrize("c", CLASSES)
def test_delong_is_mlstatkits(c, labels, predicted):
    other = predicted[:, c].astype(np.float64) + np.random.default_rng(c).normal(0, 0.2, 300)
    mine = delong.delong(labels[:, c], predicted[:, c], other)
    z, p, *_ = Delong_test(labels[:, c], predicted[:, c], other)
    assert abs(mine.z) == pytest.approx(abs(z), abs=1e-9)
    assert mine.p == pytest.approx(p, abs=1e-9)


def test_delong_of_a_run_with_itself_finds_no_difference(labels, predicted):
    assert delong.delong(labels[:, 0], predicted[:, 0], predicted[:, 0]).p == 1.0


@pytest.mark.parametrize(
    ("run", "config"),
    [
        ("unet/seed1", "unet"),
        ("unet_lr_3e-4_seed2", "unet_lr_3e-4"),
        ("seed3", "seed3"),
        ("a/b", "a/b"),
    ],
)
def test_a_config_is_a_run_without_its_seed(run, config):
    assert compare.config_name(run) == config
