"""The evaluation as a whole: same bytes, one dataset."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import arrays, judge, metrics_of, of_job, on_dataset, save
from sweeptree.ecg import load
from sweeptree.errors import Refused, UsageError
from sweeptree.model import JobRecord


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(tmp_path):
    save(tmp_path / "run")
    found = [judge(tmp_path / "run", figures=True, out=tmp_path / name) for name in ("a", "b")]
    assert found[0].files == found[1].files
    for name in found[0].files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_the_digest_of_the_dataset_is_in_the_metrics(processed, tmp_path):
    judge(
        on_dataset(processed, tmp_path / "run"),
        data=processed,
        resample="skip-empty",
        out=tmp_path / "out",
    )
    assert metrics_of(tmp_path / "out")["data_digest"] == load(processed).digest


def test_runs_that_were_made_with_different_data_are_refused_unless_told(tmp_path):
    of_job(tmp_path / "s", 0, "0a" * 32)
    of_job(tmp_path / "s", 1, "7f" * 32)
    with pytest.raises(UsageError, match=r"different data \(0a0a0a0a0a0a and 7f7f7f7f7f7f\)"):
        judge(tmp_path / "s")
    found = judge(tmp_path / "s", mix_data=True, out=tmp_path / "out")
    assert (
        found.warnings[0]
        == "the runs were made with different data (0a0a0a0a0a0a and 7f7f7f7f7f7f)"
    )


def test_a_run_that_was_made_with_other_data_than_it_is_judged_by_is_refused(processed, tmp_path):
    folder = on_dataset(processed, tmp_path / "s" / "job_0")
    record = JobRecord(id=0, data_digest="0a" * 32)
    (tmp_path / "s" / "job_0.meta.json").write_text(record.model_dump_json())
    with pytest.raises(UsageError, match="different data"):
        judge(folder, data=processed)
    (tmp_path / "s" / "job_0.meta.json").write_text(
        record.model_copy(update={"data_digest": load(processed).digest}).model_dump_json()
    )
    assert judge(folder, data=processed, resample="skip-empty").kind == "classification"


def test_files_of_somebody_else_are_not_overwritten(tmp_path):
    folder = save(tmp_path / "run")
    (folder / "metrics.json").write_text('{"val_auc": 0.9}')
    with pytest.raises(Refused, match=r"metrics\.json, and is not of an earlier evaluation"):
        judge(folder, out=folder)
    assert (folder / "metrics.json").read_text() == '{"val_auc": 0.9}'
    assert sorted(p.name for p in folder.iterdir()) == ["metrics.json", "predictions.npz"]


def test_an_earlier_evaluation_is_replaced(tmp_path):
    judge(save(tmp_path / "run"), out=tmp_path / "out")
    judge(save(tmp_path / "run", pred=arrays()["pred"][::-1]), out=tmp_path / "out")
    assert metrics_of(tmp_path / "out")["runs"]["run"]["overall"]["auc_macro"] < 0.6


def test_class_scores_and_signals_are_not_judged_together(tmp_path):
    save(tmp_path / "s" / "a")
    (tmp_path / "s" / "b").mkdir()
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / "s" / "b" / f"{name}.npy", np.zeros((1, 1, 100)))
    with pytest.raises(UsageError, match="both class scores and signals"):
        judge(tmp_path / "s")
