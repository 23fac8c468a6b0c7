"""Resampling by weights, against scikit-learn on each resample."""

import numpy as np
import pytest

from sweeptree.ecg.evaluate import bootstrap, scores
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


@pytest.mark.slow
@pytest.mark.parametrize("how", ["reject", "skip-empty", "stratified", "patient"])
def test_each_resample_scores_as_scikit_learn_scores_it(how, labels, predicted, metrics):
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


@pytest.mark.parametrize("kind", ["?", "u1", "u8", "i1"])
def test_resamples_of_every_kind_of_number_score_the_same(kind):
    y = np.array([[0], [1]] * 10, np.uint8)
    weights = bootstrap.draw(y, 20, "reject", seed=0).weights
    areas, precisions = bootstrap.auc_and_ap(y, y.astype(kind), weights)
    assert (areas == 1).all()
    assert (precisions == 1).all()


DRAWS = np.linspace(0.375, 0.417, 101)


@pytest.mark.parametrize("kind", [bootstrap.interval, bootstrap.basic_interval])
@pytest.mark.parametrize("point", [0.371, 0.4, 0.43])
def test_an_interval_holds_its_point_also_where_the_draws_are_biased(kind, point):
    low, high = kind(DRAWS, point, 0.95)
    assert low <= point <= high
    assert low < high


def test_the_basic_interval_mirrors_the_percentiles_at_the_point():
    low, high = bootstrap.basic_interval(DRAWS, 0.39, 0.9)
    first, last = np.quantile(DRAWS, [0.05, 0.95])
    assert (low, high) == pytest.approx((0.78 - last, 0.78 - first))


def test_too_few_draws_have_no_interval():
    assert np.isnan(bootstrap.interval(np.array([0.5, np.nan]), 0.5, 0.95)).all()


def simulated(trial, prevalence, shift):
    """A trial's macro AP and its resamples: 300 records, positives `shift` above the others."""
    rng = np.random.default_rng(trial)
    y = (rng.random((300, len(prevalence))) < prevalence).astype(np.uint8)
    y[0] = 1
    p = rng.normal(size=y.shape) + shift * y
    points = [scores.average_precision(y[:, c], p[:, c]) for c in range(y.shape[1])]
    weights = bootstrap.draw(y, 100, "stratified", seed=trial).weights
    return np.mean(points), bootstrap.row_means(bootstrap.auc_and_ap(y, p, weights)[1])


@pytest.mark.slow
def test_the_basic_interval_of_macro_ap_covers_the_truth_more_often_than_percentiles():
    prevalence = np.array([0.05, 0.08, 0.1, 0.15, 0.2, 0.3])
    rng = np.random.default_rng(99)
    y = (rng.random((200_000, len(prevalence))) < prevalence).astype(np.uint8)
    p = rng.normal(size=y.shape) + 1.0 * y
    columns = range(len(prevalence))
    truth = np.mean([scores.average_precision(y[:, c], p[:, c]) for c in columns])
    covered = {bootstrap.interval: 0, bootstrap.basic_interval: 0}
    for trial in range(200):
        point, draws = simulated(trial, prevalence, 1.0)
        for kind in covered:
            low, high = kind(draws, point, 0.95)
            covered[kind] += low <= truth <= high
    assert covered[bootstrap.basic_interval] >= 0.8 * 200
    assert covered[bootstrap.basic_interval] >= covered[bootstrap.interval] + 0.1 * 200
