"""`sweeptree curate` on the command line."""

import json

import pytest

from core.ecg import ptbxl_like
from sweeptree.cli.commands.curate import curate
from sweeptree.ecg import CurateSpec


@pytest.fixture
def spec(tmp_path):
    source = ptbxl_like.make(tmp_path / "ptbxl", count=10)
    return CurateSpec(source=str(source), out=tmp_path / "processed", on_bad_record="quarantine")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(spec, capsys):
    assert curate(spec, dry_run=True) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1] == "version  unknown, 10 records"
    assert out.endswith("dry run: nothing was changed\n")
    assert not spec.out.exists()


def test_the_summary_goes_to_stdout_and_the_progress_to_stderr(spec, capsys):
    assert curate(spec) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == "8 train, 1 val, 1 test; 0 left out"
    assert err.startswith("verify 100 Hz: 10 of 10 records")


def test_json_is_the_manifest(spec, capsys):
    assert curate(spec, json=True) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["records"] == 10


def test_the_environment_names_the_source(spec, monkeypatch):
    monkeypatch.setenv("SWEEPTREE_PTBXL", spec.source)
    assert curate(CurateSpec(out=spec.out)) == 0
