"""Run as `python griffe_script.py BASE HEAD PACKAGE...`: prints the API breaks as JSON.

Reads source only (griffe's static analysis); nothing of the reviewed code is imported.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any


def breaks(base: Path, head: Path, package: str) -> Iterator[dict[str, Any]]:
    """The breakages of one package or module; one that cannot be read has none."""
    import griffe

    place = PurePosixPath(package)
    loaded = []
    for top in (base, head):
        folder = str(top / place.parent)
        try:
            loaded.append(_load(place.name, folder))
        except (ImportError, SyntaxError, griffe.GriffeError):
            return
    for each in griffe.find_breaking_changes(*loaded):
        yield _as_json(each, base, head)


def _load(name: str, folder: str) -> Any:
    """From this folder alone: by itself griffe looks into the current one first."""
    import griffe

    return griffe.load(name, search_paths=[folder], allow_inspection=False, try_relative_path=False)


def _as_json(each: Any, base: Path, head: Path) -> dict[str, Any]:
    """The place in the head; for what was removed there the name alone tells."""
    file, line = each.obj.filepath, each.obj.lineno or 0
    path, at_head = str(file), False
    for top in (head, base):
        if isinstance(file, Path) and file.is_relative_to(top):
            path, at_head = file.relative_to(top).as_posix(), top == head
            break
    return {
        "path": path,
        "line": line if at_head else 0,
        "kind": each.kind.name.lower().replace("_", "-"),
        "object": each.obj.path,
        "text": _text(each),
    }


def _text(each: Any) -> str:
    old, new = each._format_old_value(), each._format_new_value()
    values = " to ".join(str(value) for value in (old, new) if value and len(str(value)) < 80)
    return f"{each.kind.value} ({values})" if values else str(each.kind.value)


def main() -> None:
    """Print one JSON list."""
    logging.disable(logging.CRITICAL)
    base, head = Path(sys.argv[1]), Path(sys.argv[2])
    found = [each for package in sys.argv[3:] for each in breaks(base, head, package)]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
