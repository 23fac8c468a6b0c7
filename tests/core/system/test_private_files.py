"""A secret is read only from a plain file of ours that nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeptree.system.private_files import NotPrivate, read_private


def secret(path: Path, mode: int = 0o600) -> Path:
    path.write_text("s3cret")
    path.chmod(mode)
    return path


def test_what_is_private_is_read_up_to_a_bound(tmp_path: Path) -> None:
    assert read_private(secret(tmp_path / "token"), 3) == b"s3c"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_what_others_could_know_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(NotPrivate, match=rf"other accounts \(mode {mode:04o}\)"):
        read_private(secret(tmp_path / "token", mode), 100)


def test_a_link_and_a_pipe_are_no_plain_files(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(secret(tmp_path / "token"))
    with pytest.raises(OSError, match="symbolic links"):
        read_private(tmp_path / "link", 100)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(NotPrivate, match="is no plain file"):
        read_private(tmp_path / "pipe", 100)


def test_where_there_is_none_that_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "token", 100)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_file_of_another_account_is_refused(tmp_path: Path) -> None:
    path = secret(tmp_path / "token")
    os.chown(path, 12345, -1)
    with pytest.raises(NotPrivate, match=r"belongs to another account \(user 12345"):
        read_private(path, 100)
