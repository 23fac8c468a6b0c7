"""Secrets are found by their shape, named by file and line, and never repeated."""

import pytest

from sweeptree.repository.leaks import has_leak, leaks, redact

TOKEN = "ghp_" + "a1B2" * 10
SECRETS = {
    "a GitHub token": TOKEN,
    "an AWS access key": "AKIA" + "A1B2" * 4,
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a password in a URL": "https://ada:" + "correcthorse@example.invalid/x",
}


@pytest.mark.parametrize("what", SECRETS)
def test_each_kind_is_named_with_its_line(what: str) -> None:
    data = f"first\nx = {SECRETS[what]}\n".encode()
    assert list(leaks("a.py", data)) == [f"a.py:2 holds what looks like {what}"]
    assert has_leak(data)


def test_what_the_base_holds_is_no_finding() -> None:
    assert list(leaks("a.py", TOKEN.encode(), old=TOKEN.encode())) == []


def test_the_mark_allows_its_own_line_only() -> None:
    line = f"{TOKEN}  # pragma: allowlist secret"
    assert list(leaks("a.py", line.encode())) == []
    assert len(list(leaks("a.py", f"{line}\n{TOKEN}\n".encode()))) == 1


def test_a_token_in_use_is_found_and_redacted() -> None:
    known = ("no-shape-at-all",)
    assert "in use here" in next(leaks("a.py", b"x no-shape-at-all", known=known))
    assert redact(f"a no-shape-at-all b {TOKEN}", known) == "a [secret] b [secret]"
