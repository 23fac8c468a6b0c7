"""On a host: which datasets stand in folders, as each folder's own manifest.json says.

    {"folders"} -> {"folders": [[whether it is there, its digest or null]]}

The standard library only: it is sent to hosts as it stands here.
"""

import json
from pathlib import Path
from typing import Any, BinaryIO


def main(request: dict[str, Any], _stream: BinaryIO) -> dict[str, Any]:
    """Look at each folder."""
    folders = [Path(folder) for folder in request["folders"]]
    return {"folders": [[folder.is_dir(), digest(folder)] for folder in folders]}


def digest(folder: Path) -> str | None:
    """The digest that the manifest names; None without one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    found = manifest.get("digest") if isinstance(manifest, dict) else None
    return found if isinstance(found, str) else None
