"""A file is replaced whole or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.system.files import replace


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
