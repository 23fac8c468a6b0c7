"""How one file gets to its place among the artifacts."""

import errno
import os
from pathlib import Path

import pytest

from sweeptree.sweep.file_moves import Source, copy_into, moved_into, opened


def put(path: Path, *, move: bool) -> bool:
    """Put the file into the folder `to` beside it; whether it was moved."""
    target = path.parent / "to"
    target.mkdir()
    with (
        opened(os.open(path, os.O_RDONLY)) as file,
        opened(os.open(path.parent, os.O_RDONLY)) as folder,
        opened(os.open(target, os.O_RDONLY)) as to,
    ):
        source = Source(file, folder, path.name, os.fstat(file))
        if move and moved_into(to, source):
            return True
        copy_into(to, path.name, file, source.status)
        return False


def test_holes_stay_holes(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as stream:
        stream.write(b"head")
        stream.seek(1 << 30)
        stream.write(b"middle")
        stream.truncate(1 << 31)
    put(path, move=False)
    copy = tmp_path / "to" / "sparse"
    assert (copy.stat().st_size, copy.stat().st_blocks < 100) == (1 << 31, True)
    with copy.open("rb") as stream:
        assert stream.read(5) == b"head\0"
        stream.seek(1 << 30)
        assert stream.read(7) == b"middle\0"


def test_across_file_systems_a_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)
    replace = os.replace

    def refuse(source: str, target: str, **places: int) -> None:
        if source == "a":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target, **places)

    monkeypatch.setattr(os, "replace", refuse)
    assert not put(path, move=True)
    assert (tmp_path / "to" / "a").read_bytes() == path.read_bytes()
