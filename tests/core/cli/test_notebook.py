"""`sweeptree.load`."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.cli.notebook import load
from sweeptree.errors import UsageError


def test_a_name_and_a_folder_lead_to_the_same_sweep(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path)
    assert load("unet", tmp_path).folder == load(paths.root).folder == paths.root


def test_an_unknown_name_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sweep 'other'"):
        load("other", tmp_path)
