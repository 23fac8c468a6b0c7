"""How a repository is tested: what it says itself, else what its files suggest."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sweeptree.errors import UsageError

_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_TEST_FILES = ("test_*.py", "*_test.py", "*/test_*.py", "*/*_test.py")  # not deeper: data is large


def find_test_command(top: Path, given: str | None) -> str:
    """The command as given, [tool.sweeptree] test_command, `make test`, or pytest.

    Raises UsageError when there is none to be found.
    """
    if given is not None and not given.strip():
        raise UsageError("the test command is empty", hint="write one: pytest -q")
    if given is not None:
        return given
    return _configured(top / "pyproject.toml") or _guessed(top)


def _configured(file: Path) -> str | None:
    ours = _tools(file).get("sweeptree")
    command = ours.get("test_command") if isinstance(ours, dict) else None
    return command if isinstance(command, str) and command.strip() else None


def _tools(file: Path) -> dict[str, Any]:
    """The tables under [tool]; none where the file cannot be read."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    tools = table.get("tool")
    return tools if isinstance(tools, dict) else {}


def _guessed(top: Path) -> str:
    if any(_has_test_target(top / name) for name in _MAKEFILES):
        return "make test"
    if _is_tested_by_pytest(top):
        return "python3 -m pytest -q"
    raise UsageError(
        "the repository says nowhere how it is tested",
        hint=(
            "give --test_command 'pytest -q'",
            "or write test_command under [tool.sweeptree] in pyproject.toml",
        ),
    )


def _is_tested_by_pytest(top: Path) -> bool:
    """Whether it has tests where pytest looks for them, or settings of pytest."""
    if (top / "tests").is_dir() or (top / "pytest.ini").is_file():
        return True
    if any(any(top.glob(pattern)) for pattern in _TEST_FILES):
        return True
    return "pytest" in _tools(top / "pyproject.toml")


def _has_test_target(file: Path) -> bool:
    if not file.is_file():
        return False
    lines = file.read_text("utf-8", "replace").splitlines()
    return any(line.startswith("test:") for line in lines)
