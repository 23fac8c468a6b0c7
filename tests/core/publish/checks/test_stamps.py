"""A file that a run writes to is noticed, even when it is as before."""

from pathlib import Path

from core.publish.checks.gate_kit import Project, make
from sweeptree.publish.checks.running import TestPlace
from sweeptree.publish.checks.stamps import stamps_of, written_since


def test_what_is_written_removed_and_put_back(tmp_path: Path) -> None:
    commit = make(tmp_path, Project({"a.txt": "a", "b.txt": "b", "c.txt": "c"}))
    place = TestPlace(tmp_path, commit)
    stamps = stamps_of(place)
    assert written_since(place, stamps) == ()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").unlink()
    assert written_since(place, stamps) == ("a.txt", "b.txt")


def test_a_folder_that_is_no_commits_has_none(tmp_path: Path) -> None:
    assert stamps_of(TestPlace(tmp_path, "")) == {}
