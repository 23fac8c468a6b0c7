"""The generated part of a pull request's body, kept apart from what people write round it. Pure.

The block carries a fingerprint of itself: one that somebody edited, or took out, is left as they
wanted it.
"""

from __future__ import annotations

import hashlib
import re

MAX_BODY = 60_000  # characters; GitHub takes 65,536
_BLOCK = re.compile(
    r"<!-- sweeptree:begin (?P<digest>[0-9a-f]{12}) -->\n(?P<text>.*?)\n<!-- sweeptree:end -->",
    re.DOTALL,
)


def make_block(text: str) -> str:
    """The text as a block with its fingerprint, cut to what a body may hold."""
    text = _tidy(text.replace("<!--", "&lt;!--"))
    if len(text) > MAX_BODY:
        text = text[:MAX_BODY] + "\n\n(cut here: it is longer than a pull request may be)"
    return f"<!-- sweeptree:begin {_digest(text)} -->\n{text}\n<!-- sweeptree:end -->"


def with_block(body: str, block: str) -> str:
    """The body with the new block in place of the old one; the body as it is where people changed
    the block."""
    found = _BLOCK.search(_tidy(body))
    if found is None or found["digest"] != _digest(found["text"]) or found.group(0) == block:
        return body
    body = _tidy(body)
    return body[: found.start()] + block + body[found.end() :]


def _tidy(text: str) -> str:
    """GitHub's editor makes CRLF of every line."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
