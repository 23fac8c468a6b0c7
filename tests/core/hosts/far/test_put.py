"""The program that writes files, asked directly."""

import hashlib
import io
from pathlib import Path

import pytest

from sweeptree.hosts.far import put


def facts(name: str, data: bytes) -> list:
    return [name, len(data), 0o640, hashlib.sha256(data).hexdigest()]


def test_a_folder_is_there_whole_with_its_links(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    request = {
        "verb": "folder",
        "folder": str(folder),
        "files": [facts("a/b", b"one"), facts("c", b"")],
        "links": {"d/e": "/data"},
    }
    put.main(request, io.BytesIO(b"one"))
    assert (folder / "a/b").read_bytes() == b"one"
    assert (folder / "a/b").stat().st_mode & 0o777 == 0o640
    assert (folder / "d/e").is_symlink()
    put.main(request, io.BytesIO(b"one"))
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("sent", [b"on", b"two", b""])
def test_what_comes_out_wrong_leaves_nothing(tmp_path: Path, sent: bytes) -> None:
    files = [facts(str(tmp_path / "a"), b"one")]
    with pytest.raises(OSError, match="it came out wrong"):
        put.main({"verb": "files", "files": files}, io.BytesIO(sent))
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_lacking(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    paths = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert put.main({"verb": "lacks", "paths": paths}, io.BytesIO()) == {"lacks": paths[1:]}
