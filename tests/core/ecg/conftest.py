"""The fixtures of every ECG test."""

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
