"""A sweep as offline runs of Weights & Biases, read back with our own reader of such runs."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import look
from sweeptree.analysis.export import exported, to_wandb
from sweeptree.analysis.metrics import Places, Wanted, collect

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_an_offline_run_per_job_holds_its_metrics(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    paths = finished_sweep(tmp_path, jobs=2)
    paths.metrics(0).write_text('{"step": 1, "val_auc": 0.5}\n{"step": 2, "val_auc": 0.9}\n')
    out = tmp_path / "out"
    assert to_wandb("unet", list(exported(paths, look(paths))), out) == 2
    runs = sorted(out.glob("wandb/offline-run-*"))
    assert len(runs) == 2
    nothing = tmp_path / "nothing"
    found = [collect(Places(nothing, nothing, run), Wanted("val_auc")).metrics for run in runs]
    assert 0.9 in [metrics.values.get("val_auc") for metrics in found]
