"""The manifest: its digest is of the data alone."""

import hashlib

import pytest

from sweeptree.ecg import CurateSpec, Manifest
from sweeptree.ecg.manifest import FileEntry, file_entry, fold_digest, is_intact, json_bytes


def manifest(source="folder", **outputs):
    entries = {
        name.replace("__", "."): FileEntry(sha256=digest, bytes=1)
        for name, digest in ({"labels__npz": "aa", "validation__csv": "bb"} | outputs).items()
    }
    return Manifest(
        version="1.0.3",
        official_table=True,
        source=source,
        tool="sweeptree",
        rates=(100,),
        task="form",
        limit=None,
        on_bad_record="stop",
        inputs={},
        counts={},
        findings={},
        fold_digest="",
        quarantine={},
        outputs=entries,
    ).sealed()


def test_where_the_data_came_from_is_not_in_the_digest():
    assert manifest(source="folder").digest == manifest(source="zip").digest


def test_what_was_found_beside_the_data_is_not_in_the_digest():
    assert manifest(validation__csv="cc").digest == manifest().digest
    assert manifest(DATASET_CARD__md="dd").digest == manifest().digest


def test_every_file_of_data_is_in_the_digest():
    assert manifest(labels__npz="cc").digest != manifest().digest
    assert manifest(train_labels__npy="dd").digest != manifest().digest


def test_the_order_of_the_folds_does_not_matter():
    assert fold_digest([(1, 2), (3, 4)]) == fold_digest([(3, 4), (1, 2)])
    assert fold_digest([(1, 2)]) != fold_digest([(1, 3)])


def test_nan_is_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes({"x": float("nan")})


def test_a_dataset_with_a_changed_or_absent_file_is_not_intact(tmp_path):
    (tmp_path / "labels.npz").write_bytes(b"x")
    whole = manifest().model_copy(
        update={"outputs": {"labels.npz": file_entry(tmp_path / "labels.npz")}}
    )
    assert is_intact(tmp_path, whole)
    (tmp_path / "labels.npz").write_bytes(b"y")
    assert not is_intact(tmp_path, whole)
    (tmp_path / "labels.npz").unlink()
    assert not is_intact(tmp_path, whole)


def test_a_file_entry_is_its_digest_and_size(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_entry(tmp_path / "a").sha256 == hashlib.sha256(b"abc").hexdigest()
    assert file_entry(tmp_path / "a").bytes == 3


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({}, (100,)),
        ({"task": "reconstruction"}, (500,)),
        ({"rate": "both"}, (100, 500)),
        ({"rate": "500"}, (500,)),
    ],
)
def test_the_rate_follows_from_the_task_unless_given(options, rates):
    assert CurateSpec(**options).rates == rates
