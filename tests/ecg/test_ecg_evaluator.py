"""Diagnostic Evaluator: what it refuses, what it writes, and that the numbers are those of the
predictions."""

import csv
import pickle
import zipfile

import numpy as np
import pytest
from evaluation_kit import judge, metrics_of, table
from sklearn import metrics

from sweeptree.analysis.stats import holm
from sweeptree.ecg import load
from sweeptree.ecg.evaluate.evaluator import slug
from sweeptree.ecg.evaluate.predictions import names_of
from sweeptree.errors import UsageError
from sweeptree.model import JobRecord


def arrays(n=80, k=3, seed=0, strength=1.5):
    rng = np.random.default_rng(5)
    true = (rng.random((n, k)) < [0.5, 0.3, 0.2][:k]).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(size=(n, k))
    pred = 1 / (1 + np.exp(-(true * strength + noise - 1)))
    half = n // 2
    return {
        "classes": np.array(["A", "B", "C"][:k]),
        "ids": np.arange(half),
        "true": true[:half],
        "pred": pred[:half],
        "val_ids": np.arange(half, n),
        "val_true": true[half:],
        "val_pred": pred[half:],
    }


def save(folder, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    values = {k: v for k, v in (arrays() | changes).items() if v is not None}
    np.savez(folder / "predictions.npz", **values)
    return folder


def test_the_numbers_are_scikit_learns(tmp_path):
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


def test_confusion_counts_are_scikit_learns(tmp_path):
    judge(save(tmp_path / "run"), out=tmp_path / "out")
    row = table(tmp_path / "out" / "per_class.csv")[0]
    hit = arrays()["pred"][:, 0] >= float(row["threshold"])
    (tn, fp), (fn, tp) = metrics.confusion_matrix(arrays()["true"][:, 0], hit)
    assert [int(row[k]) for k in ("tp", "fp", "fn", "tn")] == [tp, fp, fn, tn]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    save(tmp_path / "run")
    found = [judge(tmp_path / "run", figures=True, out=tmp_path / name) for name in ("a", "b")]
    assert found[0].files == found[1].files
    for name in found[0].files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_every_figure_is_there_as_svg_and_png(tmp_path):
    files = judge(save(tmp_path / "run"), figures=True, out=tmp_path / "out").files
    for name in ("roc", "pr", "reliability", "confusion"):
        assert {f"{name}.svg", f"{name}.png"} <= set(files)
    assert (tmp_path / "out" / "roc.png").read_bytes()[:4] == b"\x89PNG"


def test_the_page_needs_no_other_file_and_runs_no_name(tmp_path):
    judge(
        save(tmp_path / "run", classes=np.array(["<script>x</script>", "B", "C"])),
        figures=True,
        out=tmp_path / "out",
    )
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "http" not in page.replace("http-equiv", "")


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
    found = judge(
        save(tmp_path / "run", pred=arrays()["pred"] * 5), figures=True, out=tmp_path / "out"
    )
    assert metrics_of(tmp_path / "out")["runs"]["run"]["overall"]["brier"] is None
    assert "--logits" in " ".join(found.warnings)
    assert "reliability.svg" not in found.files


BAD = {
    "nan": ({"pred": np.where(np.arange(120).reshape(40, 3) == 7, np.nan, 0.5)}, "NaN"),
    "shape": ({"pred": np.zeros((40, 2))}, "shapes"),
    "names": ({"classes": np.array(["A", "A", "B"])}, "class names"),
    "too few names": ({"classes": np.array(["A", "B"])}, "class names"),
    "twice": ({"ids": np.zeros(40, int)}, "more than once"),
    "likelihoods": ({"true": np.full((40, 3), 80)}, "not all 0 or 1"),
    "text": ({"pred": np.full((40, 3), "x")}, "must be numbers"),
    "no classes": ({"classes": None}, "no array 'classes'"),
    "no ids": ({"ids": None}, "lacks ids"),
    "broken ids": ({"ids": np.arange(40) + 0.5}, "whole numbers"),
    "mixed folds": ({"val_ids": np.arange(40)}, "both in the test and the validation"),
    "no class at all": (
        {"classes": np.array([], "U1"), "true": np.zeros((40, 0)), "pred": np.zeros((40, 0))},
        "no class",
    ),
    "empty name": ({"classes": np.array([" ", "B", "C"])}, "name of class 1 "),
    "control character": ({"classes": np.array(["A", "B\x1b[31m", "C"])}, "name of class 2 "),
    "long name": ({"classes": np.array(["A", "B", "C" * 101])}, "name of class 3 "),
    "ids beyond 63 bits": ({"ids": np.arange(40, dtype="u8") + 2**63}, "whole numbers"),
    "half a validation part": ({"val_true": None}, "val_true is missing"),
    "pickle": ({"classes": np.array(["A", {"b": 1}, "C"], dtype=object)}, "pickled"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_judged_is_refused(kind, tmp_path):
    changes, words = BAD[kind]
    with pytest.raises(UsageError, match=words):
        judge(save(tmp_path / "run", **changes), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


HEAD = b"sample_idx,A_pred,A_true\n"
BAD_TABLES = {
    "another encoding": (HEAD + b"0,0.1,0\n\xe9\xff,1,1\n", "is not UTF-8"),
    "a broken number": (HEAD + b"0.5,0.1,0\n1,0.9,1\n", "whole numbers"),
    "a number that is none": (HEAD + b"nan,0.1,0\n1,0.9,1\n", "whole numbers"),
    "a number beyond all": (HEAD + b"1e30,0.1,0\n1,0.9,1\n", "whole numbers"),
    "an endless cell": (HEAD + b"0,0.1," + b"0" * 200_000 + b"\n", "field larger"),
    "no rows": (HEAD, "no records"),
    "another separator": (HEAD.replace(b",", b";") + b"0;0.1;0\n", "lacks sample_idx"),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_a_table_that_cannot_be_judged_is_refused(kind, tmp_path):
    data, words = BAD_TABLES[kind]
    (tmp_path / "diagnostic_preds.csv").write_bytes(data)
    with pytest.raises(UsageError, match=words):
        judge(tmp_path / "diagnostic_preds.csv", out=tmp_path / "out")


def test_a_table_with_a_byte_order_mark_and_crlf_is_read(tmp_path):
    rows = HEAD + b"0,0.1,0\n1,0.9,1\n"
    (tmp_path / "diagnostic_preds.csv").write_bytes(b"\xef\xbb\xbf" + rows.replace(b"\n", b"\r\n"))
    assert next(iter(judge(tmp_path / "diagnostic_preds.csv").runs.values()))["auc_macro"] == 1.0


def test_a_zip_member_that_is_no_array_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w") as archive:
        archive.writestr("classes.npy", "nope")
    with pytest.raises(UsageError, match="classes is no array"):
        judge(tmp_path / "predictions.npz", out=tmp_path / "out")


def test_names_with_dollar_signs_are_drawn_as_they_are(tmp_path):
    names = np.array([r"$\frac$", "$x$", "a_b^c"])
    assert (
        "roc.svg"
        in judge(save(tmp_path / "run", classes=names), figures=True, out=tmp_path / "out").files
    )


def test_a_pickle_under_an_npz_name_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "PWNED"), "w"))

    (tmp_path / "predictions.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UsageError):
        judge(tmp_path / "predictions.npz", out=tmp_path / "out")
    assert not (tmp_path / "PWNED").exists()


def on_dataset(processed, folder, **changes):
    data = load(processed)
    test, val = data.splits["test"], data.splits["val"]
    y = data.labels["super"]
    rng = np.random.default_rng(1)
    values = {
        "classes": np.array(data.classes["super"]),
        "ids": data.ecg_ids[test],
        "true": y[test],
        "pred": rng.random((len(test), 5)),
        "val_ids": None,
        "val_pred": None,
        "val_true": None,
    }
    assert len(val) == 2
    return save(folder, **(values | changes))


def test_records_of_the_training_folds_are_a_leak(processed, tmp_path):
    data = load(processed)
    rows = data.splits["train"][:5]
    changes = {
        "ids": data.ecg_ids[rows],
        "true": data.labels["super"][rows],
        "pred": np.full((5, 5), 0.5),
    }
    with pytest.raises(UsageError, match="training folds"):
        judge(on_dataset(processed, tmp_path / "run", **changes), data=processed)


def test_unknown_records_are_refused(processed, tmp_path):
    with pytest.raises(UsageError, match="not in"):
        judge(on_dataset(processed, tmp_path / "run", ids=np.array([777, 888])), data=processed)


def test_labels_that_are_not_the_datasets_are_refused(processed, tmp_path):
    wrong = 1 - load(processed).labels["super"][load(processed).splits["test"]]
    with pytest.raises(UsageError, match="true labels"):
        judge(on_dataset(processed, tmp_path / "run", true=wrong), data=processed)


def test_the_digest_of_the_dataset_is_in_the_metrics(processed, tmp_path):
    judge(
        on_dataset(processed, tmp_path / "run"),
        data=processed,
        resample="skip-empty",
        out=tmp_path / "out",
    )
    assert metrics_of(tmp_path / "out")["data_digest"] == load(processed).digest


def test_subgroups_count_every_record_once_per_kind(processed, tmp_path):
    judge(
        on_dataset(processed, tmp_path / "run"),
        data=processed,
        resample="patient",
        out=tmp_path / "out",
    )
    rows = table(tmp_path / "out" / "subgroups.csv")
    for kind in ("sex", "age", "device", "site", "signal", "pacemaker"):
        assert sum(int(r["n"]) for r in rows if r["group"] == kind) == 2


def write_csv(path, ids):
    values = arrays()
    names = values["classes"]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["sample_idx", *(f"{n}_pred" for n in names), *(f"{n}_true" for n in names)]
        )
        for i, p, t in zip(ids, values["pred"], values["true"], strict=True):
            writer.writerow([i, *map(repr, map(float, p)), *map(int, t)])


def test_the_table_of_the_older_tools_gives_the_same_scores(tmp_path):
    write_csv(tmp_path / "diagnostic_preds.csv", range(40))
    judge(tmp_path / "diagnostic_preds.csv", out=tmp_path / "a")
    judge(save(tmp_path / "run"), out=tmp_path / "b")
    a, b = (next(iter(metrics_of(tmp_path / n)["runs"].values()))["overall"] for n in ("a", "b"))
    assert a["auc_macro"] == b["auc_macro"]


def test_sample_numbers_beyond_the_test_split_are_refused(processed, tmp_path):
    write_csv(tmp_path / "diagnostic_preds.csv", range(40))
    with pytest.raises(UsageError, match="sample_idx"):
        judge(tmp_path / "diagnostic_preds.csv", data=processed)


@pytest.fixture
def sweep(tmp_path):
    for config, strength in (("weak", 0.3), ("strong", 2.5)):
        for seed in (1, 2, 3):
            values = arrays(seed=seed, strength=strength)
            save(
                tmp_path / "sweep" / config / f"seed{seed}",
                pred=values["pred"],
                val_pred=values["val_pred"],
            )
    return tmp_path / "sweep"


def test_seeds_of_a_config_are_summed_up_best_first(sweep, tmp_path):
    found = judge(sweep, out=tmp_path / "out")
    rows = table(tmp_path / "out" / "seeds.csv")
    assert [(r["config"], r["n"]) for r in rows] == [("strong", "3"), ("weak", "3")]
    values = [found.runs[f"strong/seed{s}"]["auc_macro"] for s in (1, 2, 3)]
    assert float(rows[0]["auc_macro_mean"]) == pytest.approx(np.mean(values))
    assert float(rows[0]["auc_macro_std"]) == pytest.approx(np.std(values, ddof=1))


def test_comparison_pairs_configs_on_the_same_resamples(sweep, tmp_path):
    judge(sweep, compare=True, bootstrap=200, out=tmp_path / "out")
    rows = [r for r in table(tmp_path / "out" / "comparison.csv") if r["score"] == "auc_macro"]
    assert len(rows) == 9
    for row in rows:
        assert (float(row["high"]) < 0) == (row["a"].startswith("weak") and float(row["p"]) < 0.05)


def test_overall_scores_are_corrected_over_the_pairs_and_classes_within_a_pair(sweep, tmp_path):
    judge(sweep, compare=True, bootstrap=200, out=tmp_path / "out")
    rows = table(tmp_path / "out" / "comparison.csv")
    first = [
        r
        for r in rows
        if r["method"] == "DeLong" and (r["a"], r["b"]) == (rows[0]["a"], rows[0]["b"])
    ]
    for chosen in ([r for r in rows if r["score"] == "ap_macro"], first):
        wanted = holm([float(r["p"]) for r in chosen])
        assert len(chosen) > 1
        assert [float(r["p_holm"]) for r in chosen] == pytest.approx(wanted)


def test_the_report_of_many_runs_says_their_number_once(sweep, tmp_path):
    text = judge(sweep, compare=True, bootstrap=20, out=tmp_path / "out").markdown
    assert "* 6 runs on 40 test records, 3 classes" in text
    assert "| macro ROC-AUC |" in text
    assert "auc_macro" not in text


def test_runs_on_different_records_are_not_compared(tmp_path):
    save(tmp_path / "s" / "a")
    save(tmp_path / "s" / "b", ids=np.arange(100, 140))
    with pytest.raises(UsageError, match="different records"):
        judge(tmp_path / "s", compare=True)


def test_nothing_to_judge_is_a_usage_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no predictions"):
        judge(tmp_path / "empty")


def test_names_tell_the_runs_apart(tmp_path):
    paths = [
        tmp_path / "a" / "seed1" / "predictions.npz",
        tmp_path / "b" / "seed1" / "predictions.npz",
    ]
    assert names_of(paths) == ["a/seed1", "b/seed1"]


def test_runs_of_a_sweep_are_named_by_config_and_seed(tmp_path):
    paths = []
    for job, (rate, seed) in enumerate([("3e-4", 1), ("3e-4", 2), ("3e-3", 1)]):
        record = JobRecord(
            id=job, params={"lr": float(rate), "width": 8}, config_id=f"lr={rate}", seed=seed
        )
        paths.append(tmp_path / f"job_{job}" / "artifacts" / "out" / "predictions.npz")
        paths[-1].parent.mkdir(parents=True)
        (tmp_path / f"job_{job}.meta.json").write_text(record.model_dump_json())
    assert names_of(paths) == ["lr=3e-4/seed1", "lr=3e-4/seed2", "lr=3e-3/seed1"]


def test_slugs_are_distinct_for_distinct_names():
    assert len({slug(n) for n in ("a/b", "a_b", "a b", "../a", "a")}) == 5
    assert "/" not in slug("../../x")


def of_job(folder, job, digest):
    """A run in the artifacts of a job whose record names the dataset."""
    save(folder / f"job_{job}" / "artifacts")
    record = JobRecord(id=job, params={"lr": job}, seed=1, data_digest=digest)
    (folder / f"job_{job}.meta.json").write_text(record.model_dump_json())


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
