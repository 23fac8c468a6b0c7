"""`sweeptree aggregate`: the aggregates of a sweep, made anew from its records."""

import json
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep


@pytest.mark.parametrize("words", [["{name}"], ["--exp_dir", "{root}"], ["--exp-dir", "{root}"]])
def test_aggregate_writes_the_files(tmp_path: Path, words: list[str]) -> None:
    paths = finished_sweep(tmp_path)
    filled = [word.format(name="unet", root=paths.root) for word in words]
    ran = call("aggregate", *filled, "--results_dir", str(tmp_path))
    assert ran.code == 0 and str(paths.aggregated_csv) in ran.out
    assert len(json.loads(paths.aggregated_json.read_text())["jobs"]) == 4


@pytest.mark.parametrize("words", [[], ["unet", "--exp_dir", "x"], ["--exp_dir", "nowhere"]])
def test_aggregate_wants_one_sweep(words: list[str]) -> None:
    assert call("aggregate", *words).code == 2
