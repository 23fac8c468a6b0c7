"""Files that are replaced whole."""

import json
from pathlib import Path

import pytest

from sweeptree.system.files import write_bytes, write_json


def test_a_file_is_replaced_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"old")
    write_bytes(tmp_path / "a", b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a", b"new")]


def test_json_is_one_line_with_letters_as_they_are(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Müller", "place": Path("/x")})
    assert (tmp_path / "a.json").read_bytes() == '{"name":"Müller","place":"/x"}\n'.encode()
    assert json.loads((tmp_path / "a.json").read_text())["place"] == "/x"


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "real").read_bytes() == b"mine"
    assert not (tmp_path / "link").is_symlink()


def test_what_cannot_be_written_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path / "taken", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]


def test_a_path_without_a_folder_is_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes("a", b"here")
    assert (tmp_path / "a").read_bytes() == b"here"
