"""The extra `ecg`: names that load numpy on first use, and what to install without it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from sweeptree.errors import UsageError
from sweeptree.system.extras import install_command


def lazily(homes: Mapping[str, str]) -> Callable[[str], object]:
    """A module's `__getattr__` that imports each name from its home when it is first asked for."""

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(name)
        return getattr(_module(homes[name]), name)

    return find


def _module(name: str) -> object:
    """The module. Raises UsageError when a library of the extra is not installed."""
    try:
        return importlib.import_module(f"sweeptree.ecg.{name}")
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.startswith("sweeptree"):
            raise
        raise UsageError(
            f"the ECG commands need {missing}, which is not installed",
            hint=install_command("ecg"),
        ) from error
