"""From a remote's URL to a forge, or to the reason why there is none."""

from pathlib import Path

import pytest

from sweeptree.errors import UsageError
from sweeptree.publish.forge import (
    RepoAddress,
    Token,
    connect,
    missing_token_hints,
    parse_remote,
    pull_request_repository,
)

OURS = RepoAddress("https", "ghe.corp", "o", "r")


@pytest.mark.parametrize("url", ["git@work-alias:o/r.git", "ssh://git@ghe.corp:2222/o/r"])
def test_ssh_remote_is_looked_for_where_the_settings_say(url: str) -> None:
    address = parse_remote(url)
    assert address is not None
    place = pull_request_repository(address, github_url="https://ghe.corp:8443/api/v3")
    assert (place.host, place.api_url) == ("ghe.corp:8443", "https://ghe.corp:8443/api/v3")


def test_pull_requests_may_go_to_another_repository() -> None:
    assert pull_request_repository(OURS, repo="up/stream").full_name == "up/stream"
    with pytest.raises(UsageError, match="not a repository"):
        pull_request_repository(OURS, repo="stream")


def test_a_forge_has_the_name_of_its_repository(tmp_path: Path) -> None:
    assert connect(OURS, Token("t" * 20, "GH_TOKEN"), state=tmp_path).name == "o/r"


@pytest.mark.parametrize(
    ("url", "environ", "hint"),
    [
        ("https://github.com/o/r", {}, "export GH_TOKEN="),
        ("https://ghe.corp/o/r", {}, "GH_HOST=ghe.corp"),
        ("https://ghe.corp/o/r", {"GH_HOST": "ghe.corp"}, "export GH_ENTERPRISE_TOKEN="),
        ("http://ghe.corp/o/r", {}, "over plain http"),
    ],
)
def test_a_missing_token_is_explained(url: str, environ: dict[str, str], hint: str) -> None:
    address = parse_remote(url)
    assert address is not None
    assert hint in missing_token_hints(address, environ)[0]
