"""The program that lists and sends files, asked directly."""

from pathlib import Path

import pytest

from sweeptree.hosts.far import files


def test_what_is_not_there_is_not_listed(tmp_path: Path) -> None:
    assert files.listing(str(tmp_path), ["nothing"]) == {"files": [], "links": [], "skipped": []}


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "job_3.log").symlink_to("/etc/passwd")
    found = files.listing(str(tmp_path), ["job_3.log"])
    assert found["skipped"] == ["job_3.log: a link that leads outside"]


def test_a_folder_that_never_ends_ends(tmp_path: Path) -> None:
    deep = tmp_path / "a"
    for _ in range(120):
        deep = deep / "b"
    deep.mkdir(parents=True)
    (deep / "x").write_text("x")
    found = files.listing(str(tmp_path), ["a"])
    assert found["files"] == []
    assert found["skipped"][0].endswith("b: nested too deeply")


def test_a_file_that_is_gone_has_no_bytes(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "b").write_bytes(b"12345")
    files.send(str(tmp_path), [["a", 0, 5], ["b", 2, 4]])
    zero = files.LENGTH.pack(0)
    assert capfdbinary.readouterr().out == zero + files.LENGTH.pack(2) + b"34" + zero
