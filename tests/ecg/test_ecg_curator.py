"""Data Curator: what it finds, what it makes, and that it makes it whole or not at all."""

import csv
import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import ptbxl_like
import pytest
import wfdb

from sweeptree.ecg import CurateSpec, load
from sweeptree.ecg.curate import curate, swap
from sweeptree.ecg.curate.plan import plan
from sweeptree.errors import Refused, UsageError


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def findings(folder):
    with (folder / "validation.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_clean_data_has_no_finding(pristine, tmp_path):
    assert run(pristine, tmp_path / "out").findings == {}


@pytest.mark.parametrize("kind", ptbxl_like.DEFECTS)
def test_each_planted_defect_is_reported_against_its_record(kind, ptbxl, tmp_path):
    plant, check, ecg_id, severity = ptbxl_like.DEFECTS[kind]
    plant(ptbxl)
    if kind == "symlinked_folder":
        with pytest.raises(Refused):
            run(ptbxl, tmp_path / "out", on_bad_record="quarantine")
        return
    manifest = run(ptbxl, tmp_path / "out", on_bad_record="quarantine")
    found = {(f["severity"], f["check"], int(f["ecg_id"] or 0)) for f in findings(tmp_path / "out")}
    assert (severity, check, ecg_id) in found
    assert ("5" in manifest.quarantine) == (severity != "note" and ecg_id == 5)


@pytest.mark.parametrize("kind", ["code_in_label", "traversal_sha", "traversal_csv", "symlink"])
def test_nothing_is_run_and_nothing_leaves_the_folders(kind, ptbxl, tmp_path):
    ptbxl_like.DEFECTS[kind][0](ptbxl)
    run(ptbxl, tmp_path / "data" / "out", on_bad_record="quarantine")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "home", "source"]
    assert not list(tmp_path.rglob("PWNED"))
    hostname = Path("/etc/hostname").read_bytes().strip()
    assert not hostname or all(hostname not in data for data in content(tmp_path / "data").values())


def test_only_the_damaged_record_is_left_out(ptbxl, tmp_path):
    ptbxl_like.DEFECTS["flipped_bit"][0](ptbxl)
    run(ptbxl, tmp_path / "out", on_bad_record="quarantine")
    data = load(tmp_path / "out")
    assert 5 not in data.ecg_ids
    assert len(data.ecg_ids) == 11
    for row, ecg_id in enumerate(data.ecg_ids):
        np.testing.assert_array_equal(
            data.signals[100][row], ptbxl_like.get(ptbxl, int(ecg_id), 100)
        )


def test_an_error_stops_the_run_and_the_old_dataset_stands(ptbxl, tmp_path):
    run(ptbxl, tmp_path / "out")
    before = content(tmp_path / "out")
    ptbxl_like.DEFECTS["flipped_bit"][0](ptbxl)
    with pytest.raises(Refused, match="ecg 5"):
        run(ptbxl, tmp_path / "out")
    assert content(tmp_path / "out") == before
    assert "sha256" in (tmp_path / "out.validation.csv").read_text()


def test_signals_equal_those_that_wfdb_reads(both_rates, tmp_path):
    run(both_rates, tmp_path / "out", rate="both")
    data = load(tmp_path / "out")
    for rate in (100, 500):
        for row in (0, 7, 19):
            record = wfdb.rdrecord(str(both_rates / ptbxl_like.stem(int(data.ecg_ids[row]), rate)))
            mine = data.signals[rate][row] / np.float32(1000)
            np.testing.assert_array_equal(mine, record.p_signal.astype(np.float32))


def test_a_second_run_touches_nothing(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (tmp_path / "out").rglob("*")}
    run(pristine, tmp_path / "out")
    assert {
        p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (tmp_path / "out").rglob("*")
    } == before


def test_recheck_makes_the_same_bytes(pristine, tmp_path):
    first = run(pristine, tmp_path / "out")
    before = content(tmp_path / "out")
    assert run(pristine, tmp_path / "out", recheck=True) == first
    assert content(tmp_path / "out") == before


def test_two_places_get_the_same_bytes(pristine, ptbxl, tmp_path):
    run(pristine, tmp_path / "a")
    run(ptbxl, tmp_path / "b" / "c")
    assert content(tmp_path / "a") == content(tmp_path / "b" / "c")


def test_a_changed_input_is_seen_without_recheck(ptbxl, tmp_path):
    first = run(ptbxl, tmp_path / "out")
    ptbxl_like.edit(ptbxl, 5, scp_codes="{'ASMI': 100.0}")
    second = run(ptbxl, tmp_path / "out")
    assert first.digest != second.digest
    assert load(tmp_path / "out").labels["super"][4].tolist() == [0, 1, 0, 0, 0]


def test_a_damaged_output_is_made_anew(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    good = content(tmp_path / "out")
    path = tmp_path / "out" / "signals_100.npy"
    path.chmod(0o644)
    path.write_bytes(good["signals_100.npy"][:-1] + b"\x7f")
    run(pristine, tmp_path / "out")
    assert content(tmp_path / "out") == good


def test_the_manifest_names_every_output_with_its_digest(pristine, tmp_path):
    manifest = run(pristine, tmp_path / "out")
    files = content(tmp_path / "out")
    files.pop("manifest.json")
    assert {n: e.sha256 for n, e in manifest.outputs.items()} == {
        n: hashlib.sha256(d).hexdigest() for n, d in files.items()
    }


def test_splits_are_the_folds_of_the_table(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    splits = json.loads((tmp_path / "out" / "splits.json").read_text())
    assert splits == {"train": [1, 2, 3, 4, 5, 6, 7, 8, 11, 12], "val": [9], "test": [10]}


def test_statistics_come_from_the_training_folds_only(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    data = load(tmp_path / "out")
    train = np.asarray(data.signals[100][data.splits["train"]], np.float64)
    np.testing.assert_allclose(data.stats["100"]["mean"], train.mean(axis=(0, 1)), rtol=1e-9)
    np.testing.assert_allclose(data.stats["100"]["std"], train.std(axis=(0, 1)), rtol=1e-9)


def test_labels_count_a_code_whatever_its_likelihood(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    data = load(tmp_path / "out")
    assert data.classes["rhythm"] == ("SR", "AFIB")
    assert data.labels["rhythm"][:5].tolist() == [[1, 0], [0, 1], [1, 0], [1, 0], [1, 0]]
    assert data.likelihood[0, data.classes["all"].index("SR")] == 0
    assert np.isnan(data.likelihood[0, data.classes["all"].index("AFIB")])


def test_a_classification_task_lays_out_labels_per_split(pristine, tmp_path):
    run(pristine, tmp_path / "out", task="form")
    names = json.loads((tmp_path / "out" / "labels" / "labels.json").read_text())
    train = np.load(tmp_path / "out" / "train_labels.npy")
    assert names == ["NDT", "ABQRS", "PVC"]
    assert train.shape == (10, 3)
    assert train.dtype == np.float32


def test_reconstruction_arrays_are_scaled_by_the_training_folds(both_rates, tmp_path):
    run(both_rates, tmp_path / "out", task="reconstruction")
    scale = json.loads((tmp_path / "out" / "normalization.json").read_text())
    target = np.load(tmp_path / "out" / "train_target.npy", mmap_mode="r")
    given = np.load(tmp_path / "out" / "train_input.npy", mmap_mode="r")
    assert target.shape == (16, 12, 5000)
    np.testing.assert_array_equal(target.min(axis=(0, 2)), np.zeros(12))
    np.testing.assert_array_equal(target.max(axis=(0, 2)), np.ones(12))
    np.testing.assert_array_equal(given, target[:, [0, 1, 9]])
    low, high = (np.array(scale[k])[:, None] for k in ("min", "max"))
    back = np.load(tmp_path / "out" / "test_target.npy")[0] * (high - low) + low
    np.testing.assert_allclose(back, ptbxl_like.get(both_rates, 10, 500).T, atol=0.01)


def test_a_zip_gives_the_same_arrays_and_is_never_unpacked(pristine, tmp_path):
    with zipfile.ZipFile(tmp_path / "ptbxl.zip", "w") as archive:
        for path in sorted(p for p in pristine.rglob("*") if p.is_file()):
            archive.write(path, f"ptb-xl-1.0.3/{path.relative_to(pristine)}")
    run(pristine, tmp_path / "a")
    run(tmp_path / "ptbxl.zip", tmp_path / "b")
    assert content(tmp_path / "a")["signals_100.npy"] == content(tmp_path / "b")["signals_100.npy"]
    assert content(tmp_path / "a")["labels.npz"] == content(tmp_path / "b")["labels.npz"]


def test_a_zip_with_a_path_that_climbs_out_is_reported(pristine, tmp_path):
    with zipfile.ZipFile(tmp_path / "ptbxl.zip", "w") as archive:
        for path in sorted(p for p in pristine.rglob("*") if p.is_file()):
            archive.write(path, str(path.relative_to(pristine)))
        archive.writestr("../../escape.txt", "x")
    with pytest.raises(Refused, match="unsafe_path"):
        run(tmp_path / "ptbxl.zip", tmp_path / "deep" / "er" / "out")
    assert not list(tmp_path.rglob("escape*"))


def test_limit_takes_the_first_records(pristine, tmp_path):
    manifest = run(pristine, tmp_path / "out", limit=3)
    assert load(tmp_path / "out").ecg_ids.tolist() == [1, 2, 3]
    assert manifest.findings == {}


def test_outputs_are_read_only(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    assert {p.stat().st_mode & 0o222 for p in (tmp_path / "out").rglob("*") if p.is_file()} == {0}


def test_a_folder_that_is_no_dataset_is_never_replaced(pristine, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("three years")
    with pytest.raises(Refused, match="not a curated dataset"):
        run(pristine, tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").exists()


def test_what_a_killed_run_left_is_cleared_away(pristine, tmp_path):
    for name in (".out.new", ".out.old"):
        (tmp_path / name).mkdir()
    (tmp_path / "..out.state.json.1.2.tmp").write_text("{")
    run(pristine, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        ".out.lock",
        ".out.state.json",
        "home",
        "out",
    ]


def test_a_dataset_caught_between_two_renames_is_put_back(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    before = content(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.old")
    run(pristine, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_a_linked_out_folder_is_refused(pristine, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(Refused, match="link"):
        run(pristine, tmp_path / "out")


def test_when_no_record_is_left_the_reasons_are_told(pristine, tmp_path):
    with pytest.raises(Refused, match=r"no record is left[^\n]*\nerror +24 x file_missing"):
        run(pristine, tmp_path / "out", rate="500", on_bad_record="quarantine")


def test_a_folder_without_tables_is_a_usage_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"ptbxl_database\.csv"):
        run(tmp_path / "empty", tmp_path / "out")


def test_reconstruction_at_100_hz_is_a_usage_error(pristine, tmp_path):
    with pytest.raises(UsageError, match="500 Hz"):
        run(pristine, tmp_path / "out", task="reconstruction", rate="100")


def test_the_plan_changes_nothing(pristine, tmp_path):
    found = plan(CurateSpec(source=str(pristine), out=tmp_path / "data" / "out"))
    assert (found.records, found.fetch_files) == (12, 0)
    assert not (tmp_path / "data").exists()


def test_a_second_run_at_the_same_time_is_refused(pristine, tmp_path):
    with swap.locked(swap.Places(tmp_path / "out")), pytest.raises(Refused, match="another run"):
        run(pristine, tmp_path / "out")


@pytest.mark.realdata
def test_real_records_show_their_version_and_their_copies(real, tmp_path):
    manifest = run(real, tmp_path / "out", rate="both")
    assert manifest.version == "1.0.1 or older"
    assert manifest.quarantine == {
        **dict.fromkeys(("137", "143", "145", "456", "459"), ("duplicate_signal",)),
        "162": ("limb_leads",),
    }
    assert "sha256" not in manifest.findings


@pytest.mark.realdata
def test_real_signals_equal_those_that_wfdb_reads(real, tmp_path):
    run(real, tmp_path / "out", rate="100", limit=100)
    data = load(tmp_path / "out")
    for row in range(100):
        record = wfdb.rdrecord(str(real / ptbxl_like.stem(int(data.ecg_ids[row]), 100)))
        np.testing.assert_array_equal(
            data.signals[100][row] / np.float32(1000), record.p_signal.astype(np.float32)
        )
