"""PTB-XL curation and diagnostic evaluation (extra `ecg`). The core never imports it.

`load(folder)` opens what `curate` made; `curate` and `evaluate` are the two agents' work as plain
functions.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeptree.ecg.curate.curator import curate as curate
    from sweeptree.ecg.dataset import Dataset as Dataset
    from sweeptree.ecg.dataset import load as load
    from sweeptree.ecg.evaluate.evaluator import EvaluateSpec as EvaluateSpec
    from sweeptree.ecg.evaluate.evaluator import evaluate as evaluate
    from sweeptree.ecg.manifest import CurateSpec as CurateSpec
    from sweeptree.ecg.manifest import Manifest as Manifest

_HOMES = {
    "curate": "curate.curator",
    "CurateSpec": "manifest",
    "Manifest": "manifest",
    "load": "dataset",
    "Dataset": "dataset",
    "evaluate": "evaluate.evaluator",
    "EvaluateSpec": "evaluate.evaluator",
    "EvaluationReport": "evaluate.evaluator",
}
__all__ = ["CurateSpec", "Dataset", "EvaluateSpec", "Manifest", "curate", "evaluate", "load"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that importing the package costs nothing; say what to install when
    numpy is missing."""
    if name not in _HOMES:
        raise AttributeError(name)
    try:
        return getattr(importlib.import_module(f"sweeptree.ecg.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sweeptree"):
            raise
        from sweeptree.errors import UsageError

        raise UsageError(
            f"the ECG commands need {error.name}, which is not installed",
            hint="pip install 'sweeptree[ecg]'",
        ) from error
