"""Where a repository lives on its forge, read from the URL of a remote."""

import pytest

from sweeptree.publish.forge import parse_remote, without_secret
from sweeptree.publish.forge.address import is_loopback


@pytest.mark.parametrize(
    ("url", "host", "api"),
    [
        ("https://github.com/o/r.git", "github.com", "https://api.github.com"),
        ("https://GitHub.com/o/r/", "github.com", "https://api.github.com"),
        ("git@github.com:o/r.git", "github.com", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/o/r.git", "github.com", "https://api.github.com"),
        ("https://acme.ghe.com/o/r", "acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://ghe.corp:8443/o/r", "ghe.corp:8443", "https://ghe.corp:8443/api/v3"),
        ("ssh://git@ghe.corp:2222/o/r", "ghe.corp", "https://ghe.corp/api/v3"),
        ("http://127.0.0.1:80/o/r", "127.0.0.1:80", "http://127.0.0.1:80/api/v3"),
    ],
)
def test_remotes(url: str, host: str, api: str) -> None:
    address = parse_remote(url)
    assert address is not None
    assert (address.host, address.full_name, address.api_url) == (host, "o/r", api)


@pytest.mark.parametrize(
    "url",
    [
        "/srv/git/r.git",
        "../r",
        "file:///o/r",
        "C:/x/y/z",
        "https://host/r",
        "https://h:x/o/r",
        "https://h/a/b/c",
    ],
)
def test_what_is_no_repository_on_a_forge(url: str) -> None:
    assert parse_remote(url) is None


def test_secret_of_a_url() -> None:
    assert without_secret("https://u:p@h/o/r") == "https://h/o/r"
    assert "hidden" not in repr(parse_remote("https://u:hidden@h/o/r"))


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com/o/r.git", "https://api.github.com"),
        ("git@github.com:o/r.git", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/o/r", "https://api.github.com"),
        ("https://corp.ghe.com/o/r", "https://api.corp.ghe.com"),
        ("https://ghe.corp/o/r.git", "https://ghe.corp/api/v3"),
        ("https://me@ghe.corp:8443/o/r", "https://ghe.corp:8443/api/v3"),
        ("git@ghe.corp:o/r.git", "https://ghe.corp/api/v3"),
        ("ssh://git@GHE.corp:2222/o/r.git", "https://ghe.corp/api/v3"),
    ],
)
def test_remote_leads_to_the_repository_s_api(url: str, api: str) -> None:
    address = parse_remote(url)
    assert address is not None
    assert (address.full_name, address.api_url, address.secret) == ("o/r", api, None)


@pytest.mark.parametrize("user", ["gho_abc", "github_pat_abc"])
def test_a_user_name_that_is_a_token_is_the_secret(user: str) -> None:
    address = parse_remote(f"https://{user}@ghe.corp/o/r")
    assert address is not None and address.secret == user


def test_plain_http_carries_a_token_inside_this_machine_only() -> None:
    near, far = parse_remote("http://127.0.0.1:80/o/r"), parse_remote("http://ghe.corp/o/r")
    assert near is not None and far is not None
    assert (near.may_carry_token, far.may_carry_token) == (True, False)
    assert is_loopback("[::1]:8080") and not is_loopback("127.0.0.1.example:80")
