"""The token of a home: made once, whole, and refused when somebody else could know it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sweeptree.engine.server.token import (
    auth_string,
    authorization,
    fingerprint,
    make_token,
    replace_token,
    token_path,
)
from sweeptree.errors import Refused, ServerError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_token(tmp_path)
    return tmp_path


def test_the_file_is_the_owners_alone_and_nothing_lies_beside_it(home: Path) -> None:
    assert token_path(home).stat().st_mode & 0o777 == 0o600
    assert list(home.iterdir()) == [token_path(home)]


def test_callers_at_once_see_one_token(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make_token, [tmp_path] * 20))
    assert len({auth_string(tmp_path) for _ in range(3)}) == 1
    assert list(tmp_path.iterdir()) == [token_path(tmp_path)]


def test_a_token_stays_until_it_is_replaced(home: Path) -> None:
    first = auth_string(home)
    make_token(home)
    assert auth_string(home) == first
    replace_token(home)
    assert auth_string(home) != first


def test_homes_have_different_users_and_tokens(home: Path, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("other")
    make_token(other)
    pairs = zip(auth_string(home).split(":"), auth_string(other).split(":"), strict=True)
    assert [one == two for one, two in pairs] == [False, False]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused(home: Path, mode: int) -> None:
    token_path(home).chmod(mode)
    with pytest.raises(Refused, match="other accounts") as caught:
        auth_string(home)
    assert "sweeptree server stop" in caught.value.hint[0]


def test_a_link_is_not_followed(home: Path) -> None:
    token_path(home).rename(home / "elsewhere")
    token_path(home).symlink_to(home / "elsewhere")
    with pytest.raises(Refused, match="cannot be opened"):
        auth_string(home)
    make_token(home)
    assert token_path(home).is_symlink()


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(token_path(tmp_path), 0o600)
    with pytest.raises(Refused, match="no plain file"):
        auth_string(tmp_path)


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "a b" * 15])
def test_what_is_no_token_is_refused(home: Path, text: str) -> None:
    token_path(home).write_text(text)
    with pytest.raises(Refused, match="holds no token"):
        auth_string(home)


def test_no_token_is_an_error_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(ServerError) as caught:
        auth_string(tmp_path)
    assert caught.value.hint == ("sweeptree server start",)


def test_a_header_and_a_fingerprint_of_it() -> None:
    assert authorization("user:word") == "Basic dXNlcjp3b3Jk"
    assert "word" not in fingerprint("user:word") != fingerprint("user:other")
