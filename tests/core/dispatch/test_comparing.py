"""What stands in a repository is looked at, never changed, and links are not followed."""

from pathlib import Path

import pytest

from sweeptree.dispatch.comparing import Change, compare
from sweeptree.dispatch.marks import marked
from sweeptree.dispatch.values import Keeping, Part, WantedFile
from sweeptree.errors import Refused


def change(top: Path, keeping: Keeping, standing: str | None) -> Change:
    file = WantedFile("a/b.md", "wanted\n", Part.CHAT, keeping)
    if standing is not None:
        (top / "a").mkdir()
        (top / "a" / "b.md").write_text(standing)
    (planned,) = compare(top, [file])
    return planned.change


@pytest.mark.parametrize(
    ("keeping", "standing", "expected"),
    [
        (Keeping.OURS, None, Change.NEW),
        (Keeping.OURS, marked("b.md", "wanted\n"), Change.SAME),
        (Keeping.OURS, marked("b.md", "older\n"), Change.STALE),
        (Keeping.OURS, "mine\n", Change.EDITED),
        (Keeping.YOURS, "mine\n", Change.KEPT),
        (Keeping.SECTION, "mine\n", Change.STALE),
        (Keeping.ENTRY, "no json", Change.BLOCKED),
    ],
)
def test_each_way_to_keep_a_file(
    tmp_path: Path, keeping: Keeping, standing: str | None, expected: Change
) -> None:
    assert change(tmp_path, keeping, standing) is expected


def test_a_link_in_place_of_the_file_or_a_folder_is_not_followed(tmp_path: Path) -> None:
    file = WantedFile("a/b.md", "x", Part.CHAT, Keeping.OURS)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.md").symlink_to("/etc/hostname")
    assert compare(tmp_path, [file])[0].change is Change.BLOCKED
    (tmp_path / "c").symlink_to("/tmp")
    with pytest.raises(Refused, match="is a link"):
        compare(tmp_path, [WantedFile("c/b.md", "x", Part.CHAT, Keeping.OURS)])


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    file = WantedFile("a/b.md", "x", Part.CHAT, Keeping.OURS)
    assert compare(tmp_path, [file])[0].why == "a file stands where its folder should be"
