"""Files that are replaced whole, or not at all."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.system.files import replace, write_bytes, write_json


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield handle
    os.close(handle)


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced(folder: int, tmp_path: Path, durable: bool) -> None:
    for data in (b"old", b"new"):
        replace(folder, "file", data, durable=durable)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_and_not_followed(folder: int, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "file").symlink_to(tmp_path / "victim")
    replace(folder, "file", b"new", durable=False)
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "file").is_symlink()


def test_a_failure_leaves_the_old_one_and_nothing_beside_it(folder: int, tmp_path: Path) -> None:
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        replace(folder, "file", b"new", durable=False)
    assert os.listdir(tmp_path) == ["file"]


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
