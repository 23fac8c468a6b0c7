"""Nothing leaves the dataset's folder or zip."""

import zipfile
from pathlib import Path

import pytest

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate
from sweeptree.errors import Refused


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("kind", ["code_in_label", "traversal_sha", "traversal_csv", "symlink"])
def test_nothing_is_run_and_nothing_leaves_the_folders(kind, ptbxl, tmp_path):
    ptbxl_like.DEFECTS[kind][0](ptbxl)
    run(ptbxl, tmp_path / "data" / "out", on_bad_record="quarantine")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "home", "source"]
    assert not list(tmp_path.rglob("PWNED"))
    hostname = Path("/etc/hostname").read_bytes().strip()
    assert not hostname or all(hostname not in data for data in content(tmp_path / "data").values())


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
