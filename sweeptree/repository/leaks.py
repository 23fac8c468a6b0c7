"""Secrets in what is about to be committed or pushed: known shapes of tokens, and the tokens in use
here.

A finding names the place, never the value. What the base holds already is no finding.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
_IN_USE = "a token that is in use here"
_PATTERN = re.compile(
    b"|".join(b"(?P<s%d>%s)" % (i, shape) for i, (_, shape) in enumerate(_SHAPES))
)


@dataclass(frozen=True, slots=True)
class Leak:
    """One secret: its line, from 1, and what it looks like."""

    line: int
    what: str


def leaks(path: str, new: bytes, old: bytes = b"", known: Sequence[str] = ()) -> Iterator[str]:
    """One line for each secret in the new content of a file that the old one does not hold."""
    for leak in find_leaks(new, old, known):
        yield f"{path}:{leak.line} holds {leak.what}"


def find_leaks(new: bytes, old: bytes = b"", known: Sequence[str] = ()) -> Iterator[Leak]:
    """Each secret in the new content of a file that the old one does not hold."""
    for match in _matches(new):
        if match.group() not in old:
            yield Leak(_line_number(new, match.start()), _what(match))
    for token in _forms(known):
        if token in new:
            yield Leak(_line_number(new, new.index(token)), _IN_USE)


def leaks_in_text(place: str, text: bytes, known: Sequence[str] = ()) -> Iterator[str]:
    """One line for each kind of secret in a text that is no file: a name, a commit's message."""
    found = [_what(match) for match in _matches(text)]
    found += [_IN_USE for token in _forms(known) if token in text]
    for what in dict.fromkeys(found):
        yield f"{place} holds {what}"


def redact(text: str, known: Sequence[str] = ()) -> str:
    """The text with every secret in it replaced: commands go into commits and pull requests."""
    data = _PATTERN.sub(b"[secret]", text.encode("utf-8", "surrogateescape"))
    for token in _forms(known):
        data = data.replace(token, b"[secret]")
    return data.decode("utf-8", "surrogateescape")


def has_leak(data: bytes, known: Sequence[str] = ()) -> bool:
    """True when there may be a secret; quick."""
    return _PATTERN.search(data) is not None or any(token in data for token in _forms(known))


def _matches(data: bytes) -> Iterator[re.Match[bytes]]:
    """What has the shape of a secret, without the lines that are marked as harmless."""
    for match in _PATTERN.finditer(data):
        if _ALLOWED not in _line_at(data, match.start()):
            yield match


def _what(match: re.Match[bytes]) -> str:
    number = int((match.lastgroup or "s0")[1:])
    return f"what looks like {_SHAPES[number][0]}"


def _forms(known: Sequence[str]) -> list[bytes]:
    """A token, and as git sends it."""
    plain = [token.encode() for token in known if len(token) >= 8]
    return plain + [base64.b64encode(b"x-access-token:" + token) for token in plain]


def _line_at(data: bytes, place: int) -> bytes:
    start = data.rfind(b"\n", 0, place) + 1
    end = data.find(b"\n", place)
    return data[start:] if end < 0 else data[start:end]


def _line_number(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1
