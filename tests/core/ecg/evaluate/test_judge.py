"""The scores of one run, thresholds and intervals."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import arrays, judge, metrics_of, save, table, verdict
from sweeptree.ecg.evaluate import bootstrap
from sweeptree.ecg.evaluate.judge import Options
from sweeptree.ecg.evaluate.judge import judge as judge_one

pytestmark = pytest.mark.xdist_group("scikit-learn")


def test_the_numbers_are_scikit_learns(tmp_path, metrics):
    judge(save(tmp_path / "run"), out=tmp_path / "out")
    found = metrics_of(tmp_path / "out")["runs"]["run"]["overall"]
    y, p = arrays()["true"], arrays()["pred"]
    assert found["auc_macro"] == pytest.approx(metrics.roc_auc_score(y, p, average="macro"))
    assert found["auc_micro"] == pytest.approx(metrics.roc_auc_score(y, p, average="micro"))
    assert found["ap_macro"] == pytest.approx(
        metrics.average_precision_score(y, p, average="macro")
    )


def test_thresholds_come_from_the_validation_records_only(tmp_path):
    judge(save(tmp_path / "run"), out=tmp_path / "a")
    other = arrays()
    other["pred"] = other["pred"][::-1].copy()
    judge(save(tmp_path / "run2", pred=other["pred"]), out=tmp_path / "b")
    first, second = (
        metrics_of(tmp_path / n)["runs"][r]["per_class"]["threshold"]
        for n, r in (("a", "run"), ("b", "run2"))
    )
    assert first == second
    p = arrays()["val_pred"][:, 0]
    assert first[0] in p


def test_confusion_counts_are_scikit_learns(tmp_path, metrics):
    judge(save(tmp_path / "run"), out=tmp_path / "out")
    row = table(tmp_path / "out" / "per_class.csv")[0]
    hit = arrays()["pred"][:, 0] >= float(row["threshold"])
    (tn, fp), (fn, tp) = metrics.confusion_matrix(arrays()["true"][:, 0], hit)
    assert [int(row[k]) for k in ("tp", "fp", "fn", "tn")] == [tp, fp, fn, tn]


def test_a_class_without_positives_is_named_and_not_counted(tmp_path):
    true = arrays()["true"].copy()
    true[:, 1] = 0
    found = judge(save(tmp_path / "run", true=true), out=tmp_path / "out")
    assert "B" in found.warnings[0]
    assert table(tmp_path / "out" / "per_class.csv")[1]["auc"] == "n/a"
    assert "NaN" not in (tmp_path / "out" / "metrics.json").read_text()


def test_intervals_hold_the_value(tmp_path):
    judge(save(tmp_path / "run"), bootstrap=300, out=tmp_path / "out")
    run = metrics_of(tmp_path / "out")["runs"]["run"]
    low, high = run["intervals"]["auc_macro"]
    assert low < run["overall"]["auc_macro"] < high


def test_a_wider_level_gives_a_wider_interval(tmp_path):
    save(tmp_path / "run")
    for name, level in (("a", 0.9), ("b", 0.99)):
        judge(tmp_path / "run", bootstrap=300, level=level, out=tmp_path / name)
    a, b = (metrics_of(tmp_path / n)["runs"]["run"]["intervals"]["auc_macro"] for n in ("a", "b"))
    assert b[0] < a[0] < a[1] < b[1]


def test_no_resamples_no_intervals(tmp_path):
    judge(save(tmp_path / "run"), bootstrap=0, out=tmp_path / "out")
    assert metrics_of(tmp_path / "out")["runs"]["run"]["intervals"] == {}


def test_logits_rank_alike_and_calibrate_as_probabilities(tmp_path):
    p = arrays()["pred"]
    values = {"pred": np.log(p / (1 - p)), "val_pred": None, "val_ids": None, "val_true": None}
    judge(save(tmp_path / "run", val_pred=None, val_ids=None, val_true=None), out=tmp_path / "a")
    judge(save(tmp_path / "run", **values), logits=True, out=tmp_path / "b")
    a, b = (metrics_of(tmp_path / n)["runs"]["run"]["overall"] for n in ("a", "b"))
    assert b["auc_macro"] == pytest.approx(a["auc_macro"])
    assert b["brier"] == pytest.approx(a["brier"])
    assert b["f1_macro"] == pytest.approx(a["f1_macro"])


def test_scores_that_are_no_probabilities_are_not_calibrated(tmp_path):
    found = judge(save(tmp_path / "run", pred=arrays()["pred"] * 5), out=tmp_path / "out")
    assert metrics_of(tmp_path / "out")["runs"]["run"]["overall"]["brier"] is None
    assert "--logits" in " ".join(found.warnings)


def test_the_interval_of_macro_ap_holds_the_point_with_many_rare_classes(tmp_path):
    rng = np.random.default_rng(0)
    true = (rng.random((300, 40)) < 0.04).astype(np.uint8)
    true[0] = 1
    true[1] = 0
    save(
        tmp_path / "run",
        **dict.fromkeys(("val_ids", "val_true", "val_pred")),
        classes=np.array([f"c{n}" for n in range(40)]),
        ids=np.arange(300),
        true=true,
        pred=rng.random(true.shape),
    )
    judge(tmp_path / "run", resample="skip-empty", bootstrap=100, out=tmp_path / "out")
    run = metrics_of(tmp_path / "out")["runs"]["run"]
    low, high = run["intervals"]["ap_macro"]
    assert 0 <= low <= run["overall"]["ap_macro"] <= high <= 1
    for value, (low, high) in zip(
        run["per_class"]["ap"], class_intervals(tmp_path / "out", "ap"), strict=True
    ):
        assert low <= value + 1e-9
        assert value <= high + 1e-9


def class_intervals(out, score):
    rows = table(out / "per_class.csv")
    return [(float(row[f"{score}_low"]), float(row[f"{score}_high"])) for row in rows]


def test_macro_ap_has_the_basic_interval_and_other_scores_percentiles():
    values = arrays()
    run = verdict().run
    draw = bootstrap.draw(values["true"], 100, "stratified", seed=0)
    v = judge_one(run, draw, Options(100, "stratified", 0.9, False, 0), None)
    draws, point = v.draws["ap_macro"], v.overall["ap_macro"]
    assert v.intervals["ap_macro"] == bootstrap.basic_interval(draws, point, 0.9)
    assert v.intervals["ap_macro"] != bootstrap.interval(draws, point, 0.9)
    draws, point = v.draws["auc_macro"], v.overall["auc_macro"]
    assert v.intervals["auc_macro"] == bootstrap.interval(draws, point, 0.9)
