"""The modules that draw, loaded when a figure is wanted: only they need matplotlib."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweeptree.errors import UsageError
from sweeptree.system.extras import install_command

if TYPE_CHECKING:
    from sweeptree.ecg.evaluate.judge import Verdict
    from sweeptree.ecg.evaluate.waves import WaveVerdict

RunScore = tuple[str, float, tuple[float, float]]
"""A run's name, its score, and the score's interval."""


def check() -> None:
    """Raise UsageError when matplotlib is not installed."""
    try:
        importlib.import_module("matplotlib")
    except ModuleNotFoundError as error:
        raise UsageError(
            "the figures need matplotlib, which is not installed",
            hint=(install_command("ecg"), "or go without: --no-figures"),
        ) from error


def of_classes(v: Verdict) -> dict[str, bytes]:
    """The figures of class scores, as files by name. Raises UsageError without matplotlib."""
    check()
    from sweeptree.ecg.evaluate import figures

    return figures.all_figures(v)


def of_signals(v: WaveVerdict) -> dict[str, bytes]:
    """The figures of signals, as files by name. Raises UsageError without matplotlib."""
    check()
    from sweeptree.ecg.evaluate import paper

    return paper.all_figures(v)


def of_runs(rows: Sequence[RunScore], score: str, level: float) -> dict[str, bytes]:
    """Runs side by side, as files by name. Raises UsageError without matplotlib."""
    check()
    from sweeptree.ecg.evaluate import figures

    return figures.files(figures.forest(rows, score, level), "runs")
