"""Libraries of the extras, imported when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from sweeptree.errors import UsageError
from sweeptree.system.extras import install_command


def library(name: str, extra: str) -> Any:
    """The module of this name. Raises UsageError that says what to install where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"this export needs {name.partition('.')[0]}, which is not installed",
            hint=install_command(extra),
        ) from error
