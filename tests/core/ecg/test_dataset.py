"""Opening a curated dataset."""

import json
import os
import shutil

import numpy as np
import pytest

from sweeptree.ecg import load
from sweeptree.errors import UsageError


@pytest.fixture
def copied(processed, tmp_path):
    folder = shutil.copytree(processed, tmp_path / "processed")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


def test_arrays_labels_and_table_have_the_same_records(processed):
    data = load(processed)
    count = len(data.ecg_ids)
    assert data.signals[100].shape == (count, 1000, 12)
    assert data.signals[500].shape == (count, 5000, 12)
    assert {len(y) for y in data.labels.values()} == {count}
    assert sum(len(rows) for rows in data.splits.values()) == count
    assert [int(row["ecg_id"]) for row in data.rows] == data.ecg_ids.tolist()


def test_records_are_found_by_their_ids_in_the_order_asked_for(processed):
    data = load(processed)
    ids = data.ecg_ids[[7, 2]]
    assert data.row_numbers(ids) == [7, 2]
    assert [row["ecg_id"] for row in data.rows_of(ids)] == [str(i) for i in ids]
    assert data.patients_of(ids) == [data.rows[7]["patient_id"], data.rows[2]["patient_id"]]


def test_an_unknown_id_is_a_key_error(processed):
    with pytest.raises(KeyError):
        load(processed).row_numbers([99_999])


def test_a_folder_without_manifest_says_how_to_make_one(tmp_path):
    with pytest.raises(UsageError, match=r"manifest\.json cannot be read") as caught:
        load(tmp_path)
    assert "sweeptree curate" in caught.value.hint[0]


@pytest.mark.parametrize("name", ["labels.npz", "records.csv", "splits.json", "stats.json"])
def test_a_file_that_scores_depend_on_is_compared_with_its_digest(name, copied):
    data = bytearray((copied / name).read_bytes())
    data[-1] ^= 1
    (copied / name).write_bytes(data)
    with pytest.raises(UsageError, match="was changed after it was made"):
        load(copied)


def test_signals_are_compared_by_size(copied):
    os.truncate(copied / "signals_100.npy", 1000)
    with pytest.raises(UsageError, match=r"signals_100\.npy has 1,000 bytes"):
        load(copied)


def test_a_manifest_that_is_no_object_is_refused(copied):
    (copied / "manifest.json").write_text(json.dumps([1]))
    with pytest.raises(UsageError, match="holds no JSON object"):
        load(copied)


def test_the_memory_maps_are_read_only(processed):
    x = load(processed).signals[100]
    assert isinstance(x, np.memmap)
    assert not x.flags.writeable
