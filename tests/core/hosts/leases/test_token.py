"""A token that only its owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sweeptree.errors import Refused, ServerError
from sweeptree.hosts.leases.token import bearer, make_token, read_token


def test_it_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "token"
    make_token(path)
    first = read_token(path)
    make_token(path)
    assert read_token(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["token"]
    assert bearer(first) == f"Bearer {first}"


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    make_token(path)
    path.chmod(0o640)
    with pytest.raises(Refused, match="0640"):
        read_token(path)


def test_a_planted_link_or_pipe_is_no_token(tmp_path: Path) -> None:
    make_token(tmp_path / "token")
    (tmp_path / "link").symlink_to("token")
    with pytest.raises(ServerError):
        read_token(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(Refused):
        read_token(tmp_path / "pipe")


@pytest.mark.parametrize("text", ["", "\n", "a\nb", "ä"])
def test_what_cannot_stand_in_a_header_is_no_token(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(Refused):
        read_token(path)


def test_none_is_said_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(ServerError) as missing:
        read_token(tmp_path / "token")
    assert missing.value.hint
