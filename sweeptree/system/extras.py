"""How to install what an extra needs into the environment that sweeptree runs in.

Hides: that this environment may have no pip of its own, and that no index need know sweeptree.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path

_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")


def install_command(extra: str) -> str:
    """The command line that installs the libraries of an extra here, for a person to copy."""
    return shlex.join([*_installer(), *_libraries(extra)])


def _libraries(extra: str) -> list[str]:
    """The requirements of the extra, as pyproject.toml has them."""
    required = metadata.requires("sweeptree") or []
    parts = [each.partition(";") for each in required]
    return [library.strip() for library, _, marker in parts if extra in _EXTRA.findall(marker)]


def _installer() -> list[str]:
    python = sys.executable
    uv = Path(python).with_name("uv")
    if uv.is_file():
        return [str(uv), "pip", "install", "--python", python]
    if importlib.util.find_spec("pip") is not None:
        return [python, "-m", "pip", "install"]
    return ["python3", "-m", "pip", "--python", python, "install"]
