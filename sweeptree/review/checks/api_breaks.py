"""Public names that the change breaks for callers elsewhere. Read by griffe, never imported.

Only for what others can install: a repository that describes a distribution.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from sweeptree.review.change import Change
from sweeptree.review.tools import ToolTrouble, json_of, run_tool
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "api"
_DISTRIBUTIONS = ("setup.py", "setup.cfg")
_SCRIPT = Path(__file__).with_name("griffe_script.py")


def check_api(change: Change) -> CheckResult:
    """Removed objects and parameters, changed kinds and defaults of the changed packages."""
    if not is_library(change.base_top):
        return not_run(NAME, "the repository describes no distribution: nobody imports it")
    packages = sorted(set(_packages(change)))
    if not packages:
        return not_run(NAME, "no public module changed")
    if find_spec("griffe") is None:
        return not_run(NAME, "griffe is not installed: pip install griffe")
    folders = [str(change.base_top), str(change.head_top)]
    try:
        answer = run_tool(
            [sys.executable, "-I", str(_SCRIPT), *folders, *packages], change.head_top
        )
        items = json_of(answer, "griffe")
    except ToolTrouble as trouble:
        return not_run(NAME, str(trouble))
    return CheckResult(NAME, tuple(_finding(item) for item in items), note=", ".join(packages))


def is_library(top: Path) -> bool:
    """Whether others can install it."""
    if any((top / name).is_file() for name in _DISTRIBUTIONS):
        return True
    try:
        text = (top / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return "[project]" in text or "[tool.poetry]" in text


def _packages(change: Change) -> Iterator[str]:
    """The top-level packages and modules that the change touches, as paths: `src/name`, `name`."""
    for file in change.files:
        if file.is_python and not file.is_test and file.old is not None:
            yield from _package(change.base_top, PurePosixPath(file.path))


def _package(top: Path, path: PurePosixPath) -> Iterator[str]:
    depth = 2 if path.parts[0] == "src" else 1
    root = PurePosixPath(*path.parts[:depth])
    is_module = root == path and root.suffix == ".py"
    if is_module or (top / root / "__init__.py").is_file():
        yield str(root.with_suffix(""))


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding(
        path=str(item["path"]),
        line=int(item["line"]),
        rule=str(item["kind"]),
        tool="griffe",
        severity=Severity.WARNING,
        message=f"{item['object']}: {item['text']}: code elsewhere that uses it breaks",
        is_apart=True,
    )
