"""How a file of ours is told from one that a person changed, and our part of a file from theirs.

The last line of a file of ours names the digest of what stands before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from sweeptree.dispatch.agent_files import SERVER

BEGIN = "<!-- sweeptree: this section is written by `sweeptree init` -->"
END = "<!-- sweeptree: end -->"
_WRITTEN = "written by `sweeptree init`, unchanged since:"
_LAST_LINE = re.compile(rf"(?:#|<!--) {re.escape(_WRITTEN)} ([0-9a-f]{{16}})(?: -->)?\n\Z")
_SECTION = re.compile(rf"{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", re.DOTALL)


def marked(path: str, text: str) -> str:
    """The text with the line that tells later whether a person changed it."""
    mark = f"{_WRITTEN} {_digest(text)}"
    return text + (f"<!-- {mark} -->\n" if path.endswith(".md") else f"# {mark}\n")


def is_as_written(text: str) -> bool:
    """Whether this text is one of ours that nobody changed, of this version or an earlier one."""
    found = _LAST_LINE.search(text)
    return found is not None and found[1] == _digest(text[: found.start()])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_section(text: str, section: str) -> str:
    """The text with our section in it: in the place of an earlier one, else at the end."""
    block = f"{BEGIN}\n{section.strip()}\n{END}\n"
    if _SECTION.search(text):
        return _SECTION.sub(lambda _: block, text, count=1)
    before = text if not text or text.endswith("\n") else f"{text}\n"
    return f"{before}\n{block}" if before else block


def with_server(text: str, wanted: str) -> str | None:
    """The JSON with our server among the others; None where the text is no such JSON."""
    try:
        document: dict[str, Any] = json.loads(text)
        servers: dict[str, Any] = document.setdefault("mcpServers", {})
        known = servers.get(SERVER)
        servers[SERVER] = json.loads(wanted)["mcpServers"][SERVER]
    except (ValueError, AttributeError, TypeError):
        return None
    if known == servers[SERVER]:
        return text
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
