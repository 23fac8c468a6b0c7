"""How a repository is tested: what it says itself, else what its files suggest."""

from __future__ import annotations

import tomllib
from pathlib import Path

from sweeptree.errors import UsageError

_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_TEST_FILES = ("test_*.py", "*_test.py", "*/test_*.py", "*/*_test.py")  # not deeper: data is large


def find_test_command(top: Path, given: str | None) -> str:
    """The command as given, [tool.sweeptree] test_command, `make test`, or pytest.

    Raises UsageError when there is none to be found.
    """
    if given is not None:
        return given
    return _configured(top / "pyproject.toml") or _guessed(top)


def _configured(file: Path) -> str | None:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    command = table.get("tool", {}).get("sweeptree", {}).get("test_command")
    return command if isinstance(command, str) else None


def _guessed(top: Path) -> str:
    if any(_has_test_target(top / name) for name in _MAKEFILES):
        return "make test"
    if (top / "tests").is_dir() or any(any(top.glob(name)) for name in _TEST_FILES):
        return "python3 -m pytest -q"
    raise UsageError(
        "the repository says nowhere how it is tested",
        hint=(
            "give --test_command 'pytest -q'",
            "or write test_command under [tool.sweeptree] in pyproject.toml",
        ),
    )


def _has_test_target(file: Path) -> bool:
    if not file.is_file():
        return False
    lines = file.read_text("utf-8", "replace").splitlines()
    return any(line.startswith("test:") for line in lines)
