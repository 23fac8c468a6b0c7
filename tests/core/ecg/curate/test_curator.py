"""The curator as a whole: all or nothing, the same bytes."""

import hashlib
import zipfile

import numpy as np
import pytest

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec, load
from sweeptree.ecg.curate import curate
from sweeptree.errors import Refused, UsageError


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


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


def test_when_no_record_is_left_the_reasons_are_told(pristine, tmp_path):
    with pytest.raises(Refused, match=r"no record is left[^\n]*\nerror +24 x file_missing"):
        run(pristine, tmp_path / "out", rate="500", on_bad_record="quarantine")


def test_reconstruction_at_100_hz_is_a_usage_error(pristine, tmp_path):
    with pytest.raises(UsageError, match="500 Hz"):
        run(pristine, tmp_path / "out", task="reconstruction", rate="100")


@pytest.mark.slow
@pytest.mark.realdata
def test_real_records_show_their_version_and_their_copies(real, tmp_path):
    manifest = run(real, tmp_path / "out", rate="both")
    assert manifest.version == "1.0.1 or older"
    assert manifest.quarantine == {
        **dict.fromkeys(("137", "143", "145", "456", "459"), ("duplicate_signal",)),
        "162": ("limb_leads",),
    }
    assert "sha256" not in manifest.findings


def zipped(source, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in source.rglob("*") if p.is_file()):
            archive.write(file, f"ptb-xl/{file.relative_to(source)}")
    return path


def test_a_folder_its_zip_and_unused_files_give_one_digest(ptbxl, tmp_path):
    wanted = run(ptbxl, tmp_path / "a").digest
    assert run(zipped(ptbxl, tmp_path / "x.zip"), tmp_path / "b").digest == wanted
    (ptbxl / "RECORDS").write_text("records100/00000/00001_lrrecords500/00000/00001_hr\n")
    (ptbxl / "records100" / "notes.txt").write_text("x")
    other = run(ptbxl, tmp_path / "c")
    assert {"records_joined", "stray_file"} <= set(other.findings)
    assert other.digest == wanted


def test_one_error_is_one_error(ptbxl, tmp_path):
    ptbxl_like.DEFECTS["fold_missing"][0](ptbxl)
    with pytest.raises(Refused, match=r"^1 error in the source"):
        run(ptbxl, tmp_path / "out")
