"""Each planted defect is found; clean data has none."""

import csv

import pytest

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate
from sweeptree.ecg.curate.findings import Finding, left_out, ordered, summary, to_csv
from sweeptree.errors import Refused


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def findings(folder):
    with (folder / "validation.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_clean_data_has_no_finding(pristine, tmp_path):
    assert run(pristine, tmp_path / "out").findings == {}


QUICK = ("flipped_bit", "missing_dat", "near_duplicate_signal", "flat_lead", "symlinked_folder")
KINDS = [
    pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow)
    for kind in ptbxl_like.DEFECTS
]


@pytest.mark.parametrize("kind", KINDS)
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


A = Finding("flat_lead", 7, "a.dat", "no signal in I")
B = Finding("sha256", 5, "b.dat", "differs")
C = Finding("age_over_89", 7, "", "=cmd")


def test_findings_stand_worst_first_and_each_once():
    assert ordered([C, A, B, A]) == [B, A, C]


def test_a_note_leaves_nothing_out():
    assert left_out([A, B, C]) == {5: ("sha256",), 7: ("flat_lead",)}


def test_a_cell_that_a_spreadsheet_would_run_is_quoted():
    assert to_csv([C]).decode().splitlines()[1] == "note,age_over_89,7,,'=cmd"


def test_the_summary_counts_and_shows_a_few():
    many = [Finding("flat_lead", n, "", "flat") for n in range(1, 6)]
    assert summary(many) == [
        "quarantine      5 x flat_lead: ecg 1: flat; ecg 2: flat; ecg 3: flat; and 2 more"
    ]
