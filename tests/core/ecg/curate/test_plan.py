"""The dry run."""

from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate.plan import plan


def test_the_plan_changes_nothing(pristine, tmp_path):
    found = plan(CurateSpec(source=str(pristine), out=tmp_path / "data" / "out"))
    assert (found.records, found.fetch_files) == (12, 0)
    assert not (tmp_path / "data").exists()
