"""Secrets in what is about to be committed or pushed: shapes of tokens, and the tokens in use here.

A finding names the file and the line, never the value. What the base holds already is no finding.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence

_SHAPES = (
    ("a GitHub token", rb"\bgh[opsru]_[A-Za-z0-9]{36,}"),
    ("a GitHub token", rb"\bgithub_pat_\w{50,}"),
    ("a GitLab token", rb"\bglpat-[\w-]{20,}"),
    ("an AWS access key", rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a Hugging Face token", rb"\bhf_[A-Za-z0-9]{30,}"),
    ("a Slack token", rb"\bxox[abeprs]-[0-9A-Za-z-]{20,}"),
    ("a Google API key", rb"\bAIza[0-9A-Za-z_-]{35}"),
    ("an API key", rb"\bsk-(?:(?:ant|proj)-[A-Za-z0-9_-]{32,}|[A-Za-z0-9]{40,})"),
    ("a private key", rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a W&B key", rb"(?i:wandb|weights_and_biases)[^\n]{0,40}?[\"'=:\s][0-9a-f]{40}\b"),
    (
        "a password in a URL",
        rb"\bhttps?://[^/\s:@\"'<>{}$]+:(?!(?i:pass|secret|token))[^/\s:@\"'<>{}$]{8,}@",
    ),
)
_ALLOWED = b"pragma: allowlist secret"  # the mark of detect-secrets, for what only looks like one
_PATTERN = re.compile(
    b"|".join(b"(?P<s%d>%s)" % (i, shape) for i, (_, shape) in enumerate(_SHAPES))
)


def leaks(path: str, new: bytes, old: bytes = b"", known: Sequence[str] = ()) -> Iterator[str]:
    """One line for each secret in the new content that the old one does not hold."""
    for match in _PATTERN.finditer(new):
        if match.group() not in old and not _is_allowed(new, match.start()):
            line = _line_number(new, match.start())
            yield f"{path}:{line} holds what looks like {_kind(match)}"
    for token in filter(new.__contains__, _forms(known)):
        line = _line_number(new, new.index(token))
        yield f"{path}:{line} holds a token that is in use here"


def _kind(match: re.Match[bytes]) -> str:
    group = match.lastgroup or "s0"
    return _SHAPES[int(group.removeprefix("s"))][0]


def redact(text: str, known: Sequence[str] = ()) -> str:
    """The text with every secret in it replaced: commands go into commits and pull requests."""
    data = _PATTERN.sub(b"[secret]", text.encode("utf-8", "surrogateescape"))
    for token in _forms(known):
        data = data.replace(token, b"[secret]")
    return data.decode("utf-8", "surrogateescape")


def has_leak(data: bytes, known: Sequence[str] = ()) -> bool:
    """True when `leaks` would find something; quick."""
    return _PATTERN.search(data) is not None or any(token in data for token in _forms(known))


def _forms(known: Sequence[str]) -> list[bytes]:
    """A token, and as git sends it."""
    plain = [token.encode() for token in known if len(token) >= 8]
    return plain + [base64.b64encode(b"x-access-token:" + token) for token in plain]


def _is_allowed(data: bytes, place: int) -> bool:
    """True when the line at this place has the mark of detect-secrets."""
    start = data.rfind(b"\n", 0, place) + 1
    end = data.find(b"\n", place)
    line = data[start:] if end < 0 else data[start:end]
    return _ALLOWED in line


def _line_number(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1
