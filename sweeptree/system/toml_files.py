"""A repository's own TOML file: where it is looked for, and its document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeptree.errors import UsageError

_MAX_BYTES = 1024 * 1024


def nearest(name: str, start: Path) -> Path | None:
    """The file of this name in `start` or above it, up to the top of the repository."""
    for folder in (start, *start.parents):
        if (folder / name).is_file():
            return folder / name
        if (folder / ".git").exists():
            return None
    return None


def read_toml(path: Path) -> dict[str, Any]:
    """The document of a TOML file. Raises UsageError when it cannot be read."""
    import tomllib

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} is larger than 1 MB")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
