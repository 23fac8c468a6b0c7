"""Which files of class scores are read, and which are refused."""

import csv
import pickle
import zipfile

import numpy as np
import pytest

from core.ecg.evaluation_kit import arrays, judge, metrics_of, save
from sweeptree.errors import UsageError

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


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_judged_is_refused(kind, tmp_path):
    changes, words = BAD[kind]
    with pytest.raises(UsageError, match=words):
        judge(save(tmp_path / "run", **changes), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


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


def test_a_pickle_under_an_npz_name_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "PWNED"), "w"))

    (tmp_path / "predictions.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UsageError):
        judge(tmp_path / "predictions.npz", out=tmp_path / "out")
    assert not (tmp_path / "PWNED").exists()


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


KINDS = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", ">f4", ">u2"]


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_of_every_kind_of_number_rank_the_same(kind, tmp_path):
    true = np.array([[0], [1]] * 10)
    none = dict.fromkeys(("val_ids", "val_true", "val_pred"))
    save(
        tmp_path / "run",
        **none,
        classes=np.array(["A"]),
        ids=np.arange(20),
        true=true,
        pred=true.astype(kind),
    )
    judge(tmp_path / "run", out=tmp_path / "out")
    found = metrics_of(tmp_path / "out")["runs"]["run"]
    assert (found["overall"]["auc_macro"], found["overall"]["ap_macro"]) == (1.0, 1.0)
    assert found["intervals"]["auc_macro"] == [1.0, 1.0]
    assert (found["overall"]["f1_macro"], found["overall"]["brier"]) == (1.0, 0.0)
