"""DeLong's test against MLstatkit, and Holm's correction by hand."""

import numpy as np
import pytest
from MLstatkit import Delong_test

from sweeptree.ecg.evaluate import delong


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
def test_delong_is_mlstatkits(c, labels, predicted):
    other = predicted[:, c].astype(np.float64) + np.random.default_rng(c).normal(0, 0.2, 300)
    mine = delong.delong(labels[:, c], predicted[:, c], other)
    z, p, *_ = Delong_test(labels[:, c], predicted[:, c], other)
    assert abs(mine.z) == pytest.approx(abs(z), abs=1e-9)
    assert mine.p == pytest.approx(p, abs=1e-9)


def test_delong_of_a_run_with_itself_finds_no_difference(labels, predicted):
    assert delong.delong(labels[:, 0], predicted[:, 0], predicted[:, 0]).p == 1.0


@pytest.mark.parametrize("kind", ["?", "u1", "u8", "i1"])
def test_delong_of_every_kind_of_number_is_that_of_floats(kind):
    y = np.array([0, 1] * 10)
    a, b = y.copy(), y.copy()
    a[:4], b[4:10] = 0, 1
    assert delong.delong(y, a.astype(kind), b.astype(kind)) == delong.delong(y, 1.0 * a, 1.0 * b)
