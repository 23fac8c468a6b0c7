"""The fixtures of every ECG test."""

from types import ModuleType

import pytest

from core.ecg.fixtures import (
    both_rates,
    pristine,
    private_home,
    processed,
    ptbxl,
    real,
    site,
)

__all__ = [
    "both_rates",
    "pristine",
    "private_home",
    "processed",
    "ptbxl",
    "real",
    "site",
]


@pytest.fixture(scope="session")
def metrics() -> ModuleType:
    """scikit-learn's; its import takes seconds, so only who compares with it pays for it."""
    from sklearn import metrics

    return metrics
