"""`sweeptree evaluate`: the Diagnostic Evaluator on the command line."""

from sweeptree.ecg.cli import evaluate_command as evaluate

__all__ = ["evaluate"]
