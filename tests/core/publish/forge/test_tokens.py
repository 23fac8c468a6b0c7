"""Tokens go to their own host only."""

from pathlib import Path

import pytest

from sweeptree.errors import UsageError
from sweeptree.publish.forge import find_token, git_credentials, parse_remote


@pytest.mark.parametrize(
    ("url", "environ", "source"),
    [
        (
            "https://github.com/o/r.git",
            {"SWEEPTREE_GITHUB_TOKEN": "a", "GH_TOKEN": "b"},
            "SWEEPTREE_GITHUB_TOKEN",
        ),
        ("git@github.com:o/r.git", {"GH_TOKEN": "b", "GITHUB_TOKEN": "c"}, "GH_TOKEN"),
        ("ssh://git@ssh.github.com:443/o/r", {"GITHUB_TOKEN": "c"}, "GITHUB_TOKEN"),
        (
            "https://github.com/o/r",
            {"GITHUB_TOKEN": "c", "GITHUB_SERVER_URL": "https://ghe.corp"},
            None,
        ),
        (
            "https://ghe.corp/o/r",
            {"GITHUB_TOKEN": "c", "GITHUB_SERVER_URL": "https://ghe.corp"},
            "GITHUB_TOKEN",
        ),
        ("https://ghe.corp/o/r", {"GH_TOKEN": "b", "GH_ENTERPRISE_TOKEN": "e"}, None),
        (
            "https://ghe.corp/o/r",
            {"GH_HOST": "ghe.corp", "GH_ENTERPRISE_TOKEN": "e"},
            "GH_ENTERPRISE_TOKEN",
        ),
        (
            "https://evil.example/o/r",
            {"SWEEPTREE_GITHUB_TOKEN": "a", "GH_TOKEN": "b", "GITHUB_TOKEN": "c"},
            None,
        ),
        ("http://github.com/o/r", {"GH_TOKEN": "b"}, None),
        ("https://u:secret@ghe.corp/o/r", {}, "the remote's URL"),
    ],
)
def test_token_belongs_to_its_host(url: str, environ: dict[str, str], source: str | None) -> None:
    address = parse_remote(url)
    assert address is not None
    token = find_token(address, {**environ, "PATH": ""})
    assert (token.source if token else None) == source


def test_enterprise_named_by_the_settings_gets_our_token() -> None:
    address = parse_remote("https://ghe.corp/o/r")
    assert address is not None
    token = find_token(
        address, {"SWEEPTREE_GITHUB_TOKEN": "a", "PATH": ""}, "https://ghe.corp/api/v3"
    )
    assert token is not None and token.value == "a" and "value" not in repr(token)


def test_login_of_gh_is_asked_last(tmp_path: Path) -> None:
    (tmp_path / "gh").write_text(
        '#!/bin/sh\n[ "$*" = "auth token --hostname github.com" ] && echo from-gh\n'
    )
    (tmp_path / "gh").chmod(0o755)
    address = parse_remote("https://github.com/o/r")
    assert address is not None
    token = find_token(address, {"PATH": f"{tmp_path}:/bin"})
    assert token is not None and (token.value, token.source) == (
        "from-gh",
        "gh auth login (github.com)",
    )


def test_token_with_a_line_break_is_refused() -> None:
    address = parse_remote("https://github.com/o/r")
    assert address is not None
    with pytest.raises(UsageError, match="GH_TOKEN"):
        find_token(address, {"GH_TOKEN": "a\nX-Evil: 1", "PATH": ""})


def test_credentials_name_only_the_remote_s_host() -> None:
    address = parse_remote("https://github.com/o/r")
    assert address is not None
    token = find_token(address, {"GH_TOKEN": "b", "PATH": ""})
    keys = [key for key, _ in git_credentials("https://github.com/o/r", token)]
    assert keys == ["credential.helper", *["http.https://github.com/.extraHeader"] * 2]
    assert git_credentials("git@github.com:o/r", token) == ()
