"""A sweep as an MLflow experiment, read back with MLflow's own client."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import look
from sweeptree.analysis.export import exported, to_mlflow
from sweeptree.errors import SweeptreeError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_runs_have_parameters_curves_and_an_end_and_are_added_once(tmp_path: Path) -> None:
    tracking = pytest.importorskip("mlflow.tracking")
    paths = finished_sweep(tmp_path, jobs=4, failed=(1,))
    paths.metrics(0).write_text('{"step": 1, "val_auc": 0.5}\n{"step": 2, "val_auc": 0.9}\n')
    jobs, uri = list(exported(paths, look(paths))), f"sqlite:///{tmp_path}/mlflow.db"
    assert (to_mlflow("unet", jobs, uri), to_mlflow("unet", jobs, uri)) == (4, 0)
    client = tracking.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("unet").experiment_id])
    by_job = {run.data.tags["sweeptree.job"]: run for run in runs}
    assert [by_job[n].info.status for n in "01"] == ["FINISHED", "FAILED"]
    history = client.get_metric_history(by_job["0"].info.run_id, "val_auc")
    assert [(point.step, point.value) for point in history] == [(1, 0.5), (2, 0.9)]


def test_a_store_that_cannot_be_used_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    pytest.importorskip("mlflow.tracking")
    with pytest.raises(SweeptreeError, match="MLflow does not take it") as caught:
        to_mlflow("unet", [], "no-such-scheme://x")
    assert "--uri sqlite:///mlflow.db" in caught.value.hint[0]
