"""The Diagnostic Evaluator: predictions into scores and a report. `evaluate(spec)` does it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeptree.ecg.extra import lazily

if TYPE_CHECKING:
    from sweeptree.ecg.evaluate.evaluator import evaluate as evaluate

__all__ = ["evaluate"]
__getattr__ = lazily({"evaluate": "evaluate.evaluator"})
