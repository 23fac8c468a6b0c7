"""Each planted defect is found; clean data has none."""

import csv

import pytest

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate
from sweeptree.errors import Refused


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def findings(folder):
    with (folder / "validation.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


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
