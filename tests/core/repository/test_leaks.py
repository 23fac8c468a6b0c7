"""Secrets by shape, and the tokens in use here: named by place, never by value."""

import pytest

from core.publish.kit import TOKEN
from sweeptree.repository.leaks import has_leak, leaks, leaks_in_text, redact

SHAPES = {
    TOKEN: "a GitHub token",
    "glpat-" + "a1" * 10: "a GitLab token",
    "AKIA" + "A1" * 8: "an AWS access key",
    "hf_" + "x" * 34: "a Hugging Face token",
    "xoxb-" + "1a" * 12: "a Slack token",
    "AIza" + "b2" * 17 + "c": "a Google API key",
    "sk-ant-" + "c3" * 16: "an API key",
    "-----BEGIN RSA " + "PRIVATE KEY-----": "a private key",
    "WANDB_API_KEY=" + "0f" * 20: "a W&B key",
    "https://u:hunter2hunter2@h/": "a password in a URL",
}


@pytest.mark.parametrize(("secret", "kind"), SHAPES.items())
def test_shapes(secret: str, kind: str) -> None:
    text = f"first\nsecond {secret}\n".encode()
    assert list(leaks("a.py", text)) == [f"a.py:2 holds what looks like {kind}"]
    assert has_leak(text) and secret not in redact(text.decode())


def test_what_was_there_before_or_is_marked_is_no_finding() -> None:
    text = f"{TOKEN}\n".encode()
    assert list(leaks("a.py", text, text)) == []
    marked = f"{TOKEN}  # pragma: allowlist secret\nlast".encode()
    assert list(leaks("a.py", marked)) == []


def test_a_token_in_use_is_found_in_any_form() -> None:
    basic = b"eC1hY2Nlc3MtdG9rZW46cGxhaW53b3Jkcw=="
    for text in (b"x plainwords", b"Basic " + basic):
        assert list(leaks("a", text, known=["plainwords"])) == [
            "a:1 holds a token that is in use here"
        ]
    assert redact("plainwords", ["plainwords"]) == "[secret]"


def test_a_text_has_each_kind_once() -> None:
    text = f"{TOKEN} {TOKEN} plainwords".encode()
    assert list(leaks_in_text("the branch name x", text, ["plainwords"])) == [
        "the branch name x holds what looks like a GitHub token",
        "the branch name x holds a token that is in use here",
    ]


def test_plain_text_holds_nothing() -> None:
    assert not has_leak(b"lr = 3e-4\nurl = https://user:password@host/\n")
