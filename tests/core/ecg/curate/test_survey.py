"""What the tables say."""

import pytest

from sweeptree.ecg import CurateSpec, load
from sweeptree.ecg.curate import curate
from sweeptree.errors import UsageError


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def test_limit_takes_the_first_records(pristine, tmp_path):
    manifest = run(pristine, tmp_path / "out", limit=3)
    assert load(tmp_path / "out").ecg_ids.tolist() == [1, 2, 3]
    assert manifest.findings == {}


def test_a_folder_without_tables_is_a_usage_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"ptbxl_database\.csv"):
        run(tmp_path / "empty", tmp_path / "out")
