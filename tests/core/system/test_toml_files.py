from pathlib import Path

import pytest

from sweeptree.errors import UsageError
from sweeptree.system.toml_files import nearest, read_toml


def test_the_nearest_file_wins(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "o.toml").touch()
    assert nearest("o.toml", below) == tmp_path / "a" / "o.toml"


def test_no_file_beyond_the_top_of_the_repository_counts(tmp_path: Path) -> None:
    top = tmp_path / "repo"
    (top / ".git").mkdir(parents=True)
    (tmp_path / "o.toml").touch()
    assert nearest("o.toml", top) is None


@pytest.mark.parametrize("data", [b"[a", b"\xff", b"#" * (1024 * 1024 + 1)])
def test_what_is_no_such_document_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "o.toml"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        read_toml(path)


def test_a_document_is_read(tmp_path: Path) -> None:
    path = tmp_path / "o.toml"
    path.write_text("a = 1\n")
    assert read_toml(path) == {"a": 1}
