"""Files that tests made, changed and removed are as they were."""

from pathlib import Path

import pytest

from sweeptree.repair.search.harness.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    for name in ("origin", "root"):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "data" / "a.txt").write_text("before")
    return Files(tmp_path / "root", tmp_path / "origin")


@pytest.mark.parametrize("harm", ["new", "written", "gone"])
def test_every_change_is_seen_and_taken_back(tmp_path: Path, files: Files, harm: str) -> None:
    file = tmp_path / "root" / "data" / "a.txt"
    if harm == "new":
        file.with_name("b.txt").write_text("b")
    elif harm == "written":
        file.write_text("longer than before")
    else:
        file.unlink()
    assert files.are_changed()
    files.restore()
    assert [path.name for path in file.parent.iterdir()] == ["a.txt"]
    assert file.read_text() == "before"
    assert not files.are_changed()
