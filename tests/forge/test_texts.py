"""The pure parts: remotes' URLs, the body of a pull request and its generated block."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeptree.publish.delivery import Evidence, Score, Table, render
from sweeptree.publish.delivery.body import fenced, plain
from sweeptree.publish.forge import MAX_BODY, make_block, parse_remote, without_secret
from sweeptree.publish.forge.block import with_block


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


def test_body_has_all_the_evidence() -> None:
    text = render(
        Evidence(
            heading="unet job 3",
            command="python train.py --lr 3e-4",
            commit="abc123",
            params={"lr": 3e-4},
            scores=(Score("val_auc", 0.91234, 0.0041, 3),),
            table=Table(("rank", "config"), (("1", "lr=3e-4"),)),
            reproduce="git worktree add ../repro abc123",
        ),
        note="My note",
        left_out=["model.ckpt (1.2 GiB: over 5.0 MiB)"],
    )
    for part in (
        "My note",
        "```sh\npython train.py --lr 3e-4",
        "0.9123 ± 0.0041",
        "| 1 | lr=3e-4 |",
        "../repro",
        "1.2 GiB",
    ):
        assert part in text


def test_texts_of_others_format_nothing() -> None:
    assert (
        plain("a|b @ada #12 <img> `x`\n*y*")
        == "a\\|b @\u200bada #\u200b12 \\<img\\> \\`x\\` \\*y\\*"
    )
    assert fenced("```\nrm") == "````sh\n```\nrm\n````"


@settings(max_examples=50)
@given(st.text(), st.text(), st.text(), st.text())
def test_block_is_replaced_in_place(before: str, after: str, old: str, new: str) -> None:
    body = f"{before.replace('<!-- sweeptree', '')}\n\n{make_block(old)}\n\n{after.replace('<!-- sweeptree', '')}"
    changed = with_block(body, make_block(new))
    assert make_block(new) in changed
    assert with_block(changed, make_block(new)) == changed


def test_body_without_the_block_stays() -> None:
    assert with_block("all mine", make_block("new")) == "all mine"


def test_body_fits_into_a_pull_request() -> None:
    assert MAX_BODY < len(make_block("x" * 200_000)) < 65_536
